"""A case as its rater knows it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnunet_ext.evaluation.overlap import dice

ENOUGH = 0.9
"""The Dice at which a case is corrected."""


@dataclass(frozen=True)
class Known:
    """The truth; masks are in the file's axes.

    Parameters
    ----------
    truth
        The lesions.
    free
        Where lesions can be drawn: the cord of the prediction, which both ways of working keep to.
    spacing
        In mm.
    """

    truth: npt.NDArray[np.bool_]
    free: npt.NDArray[np.bool_]
    spacing: tuple[float, float, float]

    def wrong(self, mask: npt.NDArray[np.bool_]) -> int:
        return int(np.count_nonzero(mask ^ self.truth))

    def good(self, mask: npt.NDArray[np.bool_]) -> bool:
        return dice(self.truth, mask) >= ENOUGH
