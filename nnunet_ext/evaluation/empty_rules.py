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
        Where both masks are empty; of a lesion-wise metric, where neither holds a lesion.
    reference, prediction
        Where this one alone is empty, or holds no lesion.
    smaller
        Where the reference holds components below the smallest size of a lesion and no lesion, and the prediction a
        lesion. None: as if the reference were empty.
    """

    both: float
    reference: float
    prediction: float
    smaller: float | None = None

    def apply(self, value: float, *, reference: int, prediction: int, smaller: int = 0) -> float:
        """Give what the metric is worth: `value` unless a mask of these numbers of voxels, or lesions, is empty.

        `smaller` counts the components of the reference that are too small for a lesion.
        """
        if reference and prediction:
            return value
        if not reference and not prediction:
            return self.both
        if reference:
            return self.prediction
        return self.reference if self.smaller is None or not smaller else self.smaller

    @property
    def words(self) -> str:
        """Say it in words, of masks of voxels."""
        if len({str(value) for value in (self.both, self.reference, self.prediction)}) == 1:
            return f"any mask empty {_word(self.both)}"
        if str(self.reference) == str(self.prediction):
            return f"both empty {_word(self.both)}; one empty {_word(self.reference)}"
        return (
            f"both empty {_word(self.both)}; reference empty {_word(self.reference)}; "
            f"prediction empty {_word(self.prediction)}"
        )

    @property
    def lesion_words(self) -> str:
        """Say it in words, of masks that may hold voxels and yet no lesion of the smallest size."""
        said = (
            f"no lesion in R and P {_word(self.both)}; none in R alone {_word(self.reference)}; "
            f"none in P alone {_word(self.prediction)}"
        )
        if self.smaller is None:
            return said
        return f"{said}; none in R alone but components below the smallest size {_word(self.smaller)}"


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
        rules = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: rule.lesion_words if name.startswith("lesion_") else rule.words for name, rule in rules.items()}


def _word(value: float) -> str:
    if math.isnan(value):
        return "n/a"
    return f"{value:+g}" if abs(value) == 100 else f"{value:g}"
