"""Reading a mask of one region: what values it may hold, and which of them are the region."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.nifti_read import WHOLE_WITHIN, read_mask, read_volume, whole_numbers
from nnunet_ext.core.rounding import more_than
from nnunet_ext.core.volume import Array, Volume

SOFT: Final = (-1e-3, 1 + 1e-3)
"""Lowest and highest value of a soft mask: a stored scaling leaves 0 to 1 by a little."""

_SHOWN: Final = 6
_MEANT: Final = (1, 255)  # what people and image programs write; any other single value is a class of a label map


@dataclass(frozen=True, eq=False)
class RegionMask:
    """A region as one file holds it.

    Parameters
    ----------
    volume
        bool, in the file's own axes, with what reading had to choose.
    soft
        The values from 0 to 1 where the file is a soft mask; else None.
    """

    volume: Volume
    soft: Array | None = None


def read_region(path: Path, threshold: float | None, advice: str = "") -> RegionMask:
    """Read a mask of one region.

    Parameters
    ----------
    path
        Whole numbers: 0, and 1 or 255. Else fractions from 0 to 1, a soft mask. An empty mask is a mask.
    threshold
        A soft mask is cut above it; None refuses soft masks.
    advice
        What to do about a file of other values, at the end of the sentence.

    Raises
    ------
    FileRefusedError
        For a damaged file, and any other values.
    """
    if threshold is None:
        return _binary(path, read_mask(path), advice)
    volume = read_volume(path)
    if volume.data.dtype.kind != "f" or not (np.abs(volume.data - np.rint(volume.data)) > WHOLE_WITHIN).any():
        return _binary(path, whole_numbers(path, volume, advice), advice)
    refuse_no_probability(path, volume.data, advice)
    return RegionMask(replace(volume, data=more_than(volume.data, threshold)), volume.data)


def refuse_no_probability(path: Path, values: Array, advice: str = "", limits: tuple[float, float] = SOFT) -> None:
    """Refuse values that are not from 0 to 1, up to the limits.

    Raises
    ------
    FileRefusedError
        With the lowest and the highest of them.
    """
    lowest, highest = float(values.min(initial=0)), float(values.max(initial=0))
    if lowest < limits[0] or highest > limits[1]:
        found = f"a soft mask holds values from 0 to 1, found {lowest:g} to {highest:g}"
        raise FileRefusedError(path, f"{found}{advice}")


def refuse_several(path: Path, labels: Array, what: str, advice: str) -> int:
    """Refuse a map of several labels where a mask of one was needed, and give its one value; 0 where it is empty.

    Raises
    ------
    FileRefusedError
        With the first of its values.
    """
    values = np.flatnonzero(np.bincount(labels.ravel(order="K")))  # many times faster than sorting
    values = values[values > 0]
    if values.size > 1:
        more = f" and {values.size - _SHOWN} more" if values.size > _SHOWN else ""
        found = f"a mask of one {what} has one value besides 0, found {', '.join(map(str, values[:_SHOWN]))}{more}"
        raise FileRefusedError(path, f"{found}{advice}")
    return int(values.max(initial=0))


def strange_labels(labels: Array, regions: Mapping[str, tuple[int, ...]], ignore: int | None = None) -> str:
    """Say which whole numbers of a label map neither a region names nor `ignore` is; empty where there are none."""
    known = {0, *([] if ignore is None else [ignore])}.union(*regions.values())
    # Of small whole numbers, counting is many times faster than sorting.
    there = np.flatnonzero(np.bincount(labels.ravel(order="K"))) if labels.dtype == np.uint8 else np.unique(labels)
    strangers = ", ".join(str(value) for value in sorted({int(value) for value in there} - known))
    named = ", ".join(f"{name} {list(values)}" for name, values in regions.items())
    return (
        f"holds label {strangers}, which no region names ({named}); correct the mask, or name the label in a target"
        if strangers
        else ""
    )


def _binary(path: Path, mask: Volume, advice: str) -> RegionMask:
    value = refuse_several(path, mask.data, "region", f": a label map?{advice}")
    if value > 0 and value not in _MEANT:
        found = f"a mask of one region has one value besides 0, found {value}, and neither 1 nor 255: a label map?"
        raise FileRefusedError(path, f"{found}{advice}")
    notes = (*mask.notes, *((f"value {value} read as 1",) if value > 1 else ()))
    return RegionMask(replace(mask, data=mask.data > 0, notes=notes))
