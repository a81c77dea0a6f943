"""What validation taught about how sure to be: what was said of patients whom no model had seen, without names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from nnunet_ext.classification.judge.arrays import Classes, Mask, Values
from nnunet_ext.classification.judge.conformal.conformal import fit_conformal
from nnunet_ext.classification.judge.conformal.prediction_sets import prediction_sets

_TRUTH: Final = "truth"
_PROBABILITIES: Final = "probabilities"


@dataclass(frozen=True, eq=False)
class Calibration:
    """Of one evidence.

    Parameters
    ----------
    truth
        Shape (n,), numbers of diagnoses.
    probabilities
        Shape (n, diagnoses), out of fold, tempered by what the other folds taught.
    """

    truth: Classes
    probabilities: Values

    def sets(self, probabilities: Values, coverage: float) -> Mask:
        """Give the sets of diagnoses that hold the truth in a share `coverage` of patients like those of validation.

        Parameters
        ----------
        probabilities
            Shape (patients, diagnoses), tempered.
        coverage
            Between 0 and 1.

        Returns
        -------
        array
            Shape (patients, diagnoses), truth values.

        Raises
        ------
        UsageError
            Where the coverage is not between 0 and 1.
        """
        return prediction_sets(fit_conformal(self.truth, self.probabilities, coverage), probabilities)

    def content(self) -> dict[str, Any]:
        """Give it as JSON has it; `of_content` reads it back."""
        return {_TRUTH: self.truth.tolist(), _PROBABILITIES: self.probabilities.tolist()}

    @classmethod
    def of_content(cls, content: Mapping[str, Sequence[Any]]) -> "Calibration":
        """Read what `content` gave.

        Raises
        ------
        ValueError, KeyError, TypeError
            Where it is none.
        """
        truth = np.asarray(content[_TRUTH], dtype=np.int64)
        probabilities = np.asarray(content[_PROBABILITIES], dtype=np.float64)
        if probabilities.ndim != 2 or truth.shape != probabilities.shape[:1] or not np.isfinite(probabilities).all():
            raise ValueError(f"numbers of as many patients were needed, found {truth.shape} and {probabilities.shape}")
        return cls(truth, probabilities)
