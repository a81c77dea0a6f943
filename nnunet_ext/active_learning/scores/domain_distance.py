"""How far an image is from those that a model was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nnunet_ext.active_learning.scores.fingerprint import Fingerprint
from nnunet_ext.core.errors import DataRefusedError

_SIZES: Final = 3
_LEAST_OF_QUANTILES: Final = 0.1  # standard deviations of an image: no two scans of one patient agree better
_LEAST_OF_SIZES: Final = 0.05  # 5 % of a voxel's size: less is rounding of a protocol


@dataclass(frozen=True, eq=False)
class Domain:
    """The middle and the spread of the fingerprints of training images; see `fingerprint`.

    Parameters
    ----------
    middle
        Median of each number.
    spread
        Its interquartile range, at least 0.1 of a quantile and 0.05 of a logarithm of a voxel size: of a single site
        it may be 0.
    """

    middle: Fingerprint
    spread: Fingerprint

    @classmethod
    def of(cls, fingerprints: Sequence[Fingerprint]) -> "Domain":
        """Take it from the training cases, at least one.

        Raises
        ------
        DataRefusedError
            Where there is none.
        """
        if not fingerprints:
            raise DataRefusedError("fingerprints of training images were needed for a domain, found none")
        every = np.stack(fingerprints)
        least = np.full(every.shape[1], _LEAST_OF_QUANTILES)
        least[-_SIZES:] = _LEAST_OF_SIZES
        low, middle, high = np.quantile(every, (0.25, 0.5, 0.75), axis=0)
        return cls(middle, np.maximum(high - low, least))


def domain_distance(found: Fingerprint, domain: Domain) -> float:
    """Give ``mean |f - median| / IQR`` over the numbers of a fingerprint.

    A mean rather than the largest, so that no single number decides; and without squares, so that one odd voxel size
    does not hide everything else.

    Parameters
    ----------
    found
        Of the image, with as many channels as the training images have.

    Returns
    -------
    float
        From 0; 1 is an interquartile range off in every number. Half of the training images themselves lie below about
        one half.

    Raises
    ------
    DataRefusedError
        Where the image has another number of channels.
    """
    if found.shape != domain.middle.shape:
        raise DataRefusedError(
            f"an image of as many channels as the training images was needed, found fingerprints of {found.size} and "
            f"{domain.middle.size} numbers"
        )
    return float(np.mean(np.abs(found - domain.middle) / domain.spread))
