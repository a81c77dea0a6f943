"""How far probabilities are from what came, on average."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import checked_probabilities
from nnunet_ext.classification.judge.calibration.bin_means import BinMeans, bin_means
from nnunet_ext.classification.judge.top_label import top_label


@dataclass(frozen=True)
class CalibrationError:
    """Expected calibration errors, 0 where probabilities mean what they say; None of no patient.

    Parameters
    ----------
    top_label
        Of the likeliest class: the one that people call ECE. Few patients make it large however good the probabilities.
    classwise
        Mean over the classes of that of each class's probability.
    debiased
        Of the likeliest class, root of the mean square, less what chance alone adds to it; 0 where that is more.
    """

    top_label: float | None
    classwise: float | None
    debiased: float | None


def ece(truth: npt.ArrayLike, probabilities: npt.ArrayLike, bins: int = 10) -> CalibrationError:
    """Give the expected calibration error, in bins of about as many patients.

    With w the share of patients in a bin, s the mean probability and c the share that came: `top_label` is the sum of
    ``w |c - s|`` (Guo et al. 2017, ICML, equation 3); `classwise` as in Kull et al. 2019 (NeurIPS); `debiased` the root
    of the sum of ``w ((c - s)^2 - c (1 - c) / (n - 1))`` of n patients in a bin (Kumar, Liang and Ma 2019, NeurIPS).

    Parameters
    ----------
    truth
        Shape (n,), class numbers.
    probabilities
        Shape (n, classes).
    bins
        The most that there may be; see `equal_mass`.

    Returns
    -------
    CalibrationError
        Of one patient, `debiased` is None.

    Raises
    ------
    DataRefusedError
        See `checked_probabilities`.
    """
    true, given = checked_probabilities(truth, probabilities)
    if not true.size:
        return CalibrationError(None, None, None)
    top = bin_means(*top_label(true, given), bins)
    classes = [bin_means(true == number, given[:, number], bins) for number in range(given.shape[1])]
    return CalibrationError(
        top_label=_mean_gap(top),
        classwise=float(np.mean([_mean_gap(table) for table in classes])),
        debiased=_debiased(top) if true.size > 1 else None,
    )


def _mean_gap(table: BinMeans) -> float:
    return float(np.average(np.abs(table.came - table.said), weights=table.patients))


def _debiased(table: BinMeans) -> float:
    square = (table.came - table.said) ** 2 - table.came * (1 - table.came) / (table.patients - 1)
    return float(np.sqrt(max(0.0, np.average(square, weights=table.patients))))
