"""In which cases a ratio has a denominator."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NEEDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "lesion_sensitivity": ("ref_count",),
        "lesion_ppv": ("pred_count",),
        "lesion_f1": ("ref_count", "pred_count"),
        "rel_vol_error": ("ref_volume_mm3",),
        "abs_rel_vol_error": ("ref_volume_mm3",),
    }
)
"""Columns of metrics whose denominator is 0 where all of these are 0. `metrics.tsv` then holds what the preset says, as
its source does; a mean over such values would say that lesions were found where there was none."""


def is_defined(column: str, row: Mapping[str, float | None]) -> bool:
    """Tell whether a metric has a denominator in a case; where the numbers it needs are not known, it has.

    Parameters
    ----------
    column
        Of `metrics.tsv`.
    row
        The case's values of one region, None where one is missing.
    """
    needed = [value for name in NEEDS.get(column, ()) if (value := row.get(name)) is not None]
    return not needed or max(needed) > 0
