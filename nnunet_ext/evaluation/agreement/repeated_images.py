"""How far two methods agree on one image, where subjects have several."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from nnunet_ext.evaluation.agreement.confidence_interval import LEVEL
from nnunet_ext.evaluation.agreement.intraclass import intraclass
from nnunet_ext.evaluation.agreement.values import Values, paired_values

_NORMAL = 1.96  # as Bland and Altman have it


@dataclass(frozen=True)
class OneImage:
    """Bias, limits of agreement and ICC of single images; None where too few subjects or images define one.

    Parameters
    ----------
    bias
        Mean of b - a over all images.
    sd, sd_within
        Of the difference in one image of any subject, and of it among the images of one subject; the latter is None
        where no subject has two.
    limit_low, limit_high
        bias - 1.96 sd and bias + 1.96 sd, each with its 95 % interval (`_low`, `_high`).
    icc
        ICC(A,1) of all images, see `intraclass`; its interval would take them for independent, and is left out.
    """

    bias: float | None = None
    sd: float | None = None
    sd_within: float | None = None
    limit_low: float | None = None
    limit_low_low: float | None = None
    limit_low_high: float | None = None
    limit_high: float | None = None
    limit_high_low: float | None = None
    limit_high_high: float | None = None
    icc: float | None = None


def one_image(a: npt.ArrayLike, b: npt.ArrayLike, subjects: Sequence[str]) -> OneImage:
    """Give the agreement to expect of two methods in one image of one subject.

    Repeated measures, in pairs, where the true value varies from image to image (Bland and Altman 1999, Stat. Methods
    Med. Res. 8:135, section 5.3; 2007, J. Biopharm. Stat. 17:571): of a one-way analysis of variance of the differences
    by subject, with mean squares MSB and MSW and ``m = (N^2 - sum m_i^2) / ((n - 1) N)`` for n subjects with m_i of the
    N images, the variance in one image is ``(MSB - MSW) / m + MSW``; where MSB is the smaller one, MSW. The intervals
    are those of Zou 2013 (Stat. Methods Med. Res. 22:630), by the variances' own.

    Parameters
    ----------
    a, b
        Shape (N,), one value an image, in the same order.
    subjects
        Whose image each is.

    Returns
    -------
    OneImage
        No image: nothing. One subject: the bias.

    Raises
    ------
    DataRefusedError
        See `paired_values`.
    """
    first, second = paired_values(a, b)
    if not first.size:
        return OneImage()
    differences = second - first
    bias, icc = float(differences.mean()), intraclass(np.column_stack([first, second]))[0]
    _, group = np.unique(np.asarray(subjects, dtype=object).astype(str), return_inverse=True)
    counts = np.bincount(group)
    if counts.size < 2:
        return OneImage(bias=bias, icc=icc)
    means = np.bincount(group, weights=differences) / counts
    between = float((counts * (means - bias) ** 2).sum()) / (counts.size - 1)
    rest = differences.size - counts.size
    within = float(((differences - means[group]) ** 2).sum()) / rest if rest else 0.0
    size = float((differences.size**2 - (counts**2).sum()) / ((counts.size - 1) * differences.size))
    share = 1 / size if between > within else 0.0
    parts = np.array([share * between, (1 - share) * within])
    sd = float(np.sqrt(parts.sum()))
    of_sd = _interval_of_sd(parts, (counts.size - 1, rest))
    variance = max(between - within, 0.0) / size * float((counts**2).sum()) / differences.size**2
    about_bias = _student(counts.size - 1) * float(np.sqrt(variance + within / differences.size))
    wide, narrow = (float(np.hypot(about_bias, _NORMAL * (sd - end))) for end in reversed(of_sd))
    low, high = bias - _NORMAL * sd, bias + _NORMAL * sd
    return OneImage(
        bias, sd, float(np.sqrt(within)) if rest else None,
        low, low - wide, low + narrow, high, high - narrow, high + wide, icc,
    )  # fmt: skip


def _student(freedom: int) -> float:
    return float(stats.t.ppf((1 + LEVEL) / 2, freedom))


def _interval_of_sd(parts: Values, freedoms: tuple[int, int]) -> tuple[float, float]:
    """Combine the intervals of two parts of a variance, each a share of a mean square of so many degrees of freedom."""
    below, above = 0.0, 0.0
    for part, freedom in zip(parts.tolist(), freedoms, strict=True):
        if part > 0:
            low, high = (freedom / float(stats.chi2.ppf((1 + side * LEVEL) / 2, freedom)) for side in (1, -1))
            below, above = below + (part * (1 - low)) ** 2, above + (part * (high - 1)) ** 2
    total = float(parts.sum())
    return float(np.sqrt(max(total - np.sqrt(below), 0.0))), float(np.sqrt(total + np.sqrt(above)))
