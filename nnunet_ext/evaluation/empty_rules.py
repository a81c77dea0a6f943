"""What a metric is worth where a mask is empty, as data."""

import math
from dataclasses import dataclass, fields
from typing import Final

NOTHING: Final = math.nan
"""Stands where a metric does not apply; `n/a` in tables."""


@dataclass(frozen=True)
class EmptyValue:
    """A metric's value where there is nothing to compare.

    Parameters
    ----------
    both
        Where both masks are empty.
    reference, prediction
        Where this one alone is empty.
    """

    both: float
    reference: float
    prediction: float

    def apply(self, value: float, *, reference: int, prediction: int) -> float:
        """Give what the metric is worth: `value` unless a mask of these numbers of voxels, or lesions, is empty."""
        if reference and prediction:
            return value
        if not reference and not prediction:
            return self.both
        return self.prediction if reference else self.reference

    @property
    def words(self) -> str:
        """Say it in words."""
        if len({str(value) for value in (self.both, self.reference, self.prediction)}) == 1:
            return f"any mask empty {_word(self.both)}"
        if str(self.reference) == str(self.prediction):
            return f"both empty {_word(self.both)}; one empty {_word(self.reference)}"
        return (
            f"both empty {_word(self.both)}; reference empty {_word(self.reference)}; "
            f"prediction empty {_word(self.prediction)}"
        )


@dataclass(frozen=True)
class EmptyRules:
    """The values of a preset. Those of lesion-wise metrics stand where a mask holds no lesion (of the smallest size).

    Parameters
    ----------
    dsc, nsd, rel_vol_error, lesion_ppv, lesion_sensitivity, lesion_f1
        Of the metric of this name.
    distance
        Of `assd` and `hd95`.
    """

    dsc: EmptyValue
    nsd: EmptyValue
    distance: EmptyValue
    rel_vol_error: EmptyValue
    lesion_ppv: EmptyValue
    lesion_sensitivity: EmptyValue
    lesion_f1: EmptyValue

    @property
    def words(self) -> dict[str, str]:
        """Say each in words."""
        return {field.name: getattr(self, field.name).words for field in fields(self)}


def _word(value: float) -> str:
    if math.isnan(value):
        return "n/a"
    return f"{value:+g}" if abs(value) == 100 else f"{value:g}"
