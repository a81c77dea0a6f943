"""Reading a mask of one region: what values it may hold, and which of them are the region."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.names import image_stem
from nnunet_ext.core.nifti_read import WHOLE_WITHIN, read_mask, read_volume, whole_numbers
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.rounding import more_than
from nnunet_ext.core.volume import Array, Volume

SOFT: Final = (-1e-3, 1 + 1e-3)
"""Lowest and highest value of a soft mask: a stored scaling leaves 0 to 1 by a little."""

_NEARLY: Final = 0.01
_FEW_BETWEEN: Final = 0.3
_ONES: Final = 0.2
_SHOWN: Final = 6
_VALUES: Final = 256
_COUNTED: Final = 1 << 20  # at a time
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


def read_region(path: Path, threshold: float | None, advice: str = "", *, announced: bool = False) -> RegionMask:
    """Read a mask of one region.

    Parameters
    ----------
    path
        Whole numbers: 0, and 1 or 255. Else fractions from 0 to 1, a soft mask. An empty mask is a mask.
    threshold
        A soft mask is cut above it; None refuses soft masks.
    advice
        What to do about a file of other values, at the end of the sentence.
    announced
        Whether somebody has said that soft masks are given. Else one is taken only where its name or its sidecar says
        so, or where most of its voxels are 0 or 1: an image that was scaled to 0 to 1 is no mask.

    Raises
    ------
    FileRefusedError
        For a damaged file, any other values, and an image in the place of a mask.
    """
    if threshold is None:
        return _binary(path, read_mask(path), advice)
    volume = read_volume(path)
    if volume.data.dtype.kind != "f" or not (np.abs(volume.data - np.rint(volume.data)) > WHOLE_WITHIN).any():
        return _binary(path, whole_numbers(path, volume, advice), advice)
    refuse_no_probability(path, volume.data, advice)
    if not (announced or says_soft(path)):
        _refuse_image(path, volume.data)
    return RegionMask(replace(volume, data=more_than(volume.data, threshold)), volume.data)


def says_soft(path: Path) -> bool:
    """Tell whether a file is announced as soft: by BIDS' suffix `probseg`, as labs do by `softseg`, or by its sidecar.

    The sidecar is the JSON beside it of the same name; `"SoftMask": true` says so. One that cannot be read does not.
    """
    stem = image_stem(path.name) or path.name
    if re.search(r"(^|[_-])(probseg|softseg)($|_)", stem):
        return True
    try:
        return read_json_object(path.with_name(f"{stem}.json")).get("SoftMask") is True
    except FileRefusedError:
        return False


def _refuse_image(path: Path, values: Array) -> None:
    """Refuse what is rather an image: much of it between 0 and 1, and hardly anything 1.

    Of 20 real images, scaled to 0 to 1 by their highest value and by their 99.5th percentile, 36 to 98 % of the voxels
    lay between, a hundredth off, and for each of these at most 0.10 were 1. Of masks that were smoothed by one voxel
    6 to 20 % lie between, and where a mask is cut out tightly, for each of these 0.3 are 1.
    """
    between = float(((values > _NEARLY) & (values < 1 - _NEARLY)).mean())
    ones = float((values >= 1 - _NEARLY).mean())
    if between <= _FEW_BETWEEN or ones >= _ONES * between:
        return
    found = f"{100 * between:.0f} % of its voxels lie between 0 and 1, and {100 * ones:.1f} % are 1: an image?"
    raise FileRefusedError(
        path, f'{found} If it is a soft mask, say so: --threshold, or "SoftMask": true in the JSON beside it'
    )


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
    values = _small_labels(labels)
    values = values[values > 0]
    if values.size > 1:
        more = f" and {values.size - _SHOWN} more" if values.size > _SHOWN else ""
        found = f"a mask of one {what} has one value besides 0, found {', '.join(map(str, values[:_SHOWN]))}{more}"
        raise FileRefusedError(path, f"{found}{advice}")
    return int(values.max(initial=0))


def strange_labels(labels: Array, regions: Mapping[str, tuple[int, ...]], ignore: int | None = None) -> str:
    """Say which whole numbers of a label map neither a region names nor `ignore` is; empty where there are none."""
    known = {0, *([] if ignore is None else [ignore])}.union(*regions.values())
    there = _small_labels(labels) if labels.dtype == np.uint8 else np.unique(labels)
    strangers = ", ".join(str(value) for value in sorted({int(value) for value in there} - known))
    named = ", ".join(f"{name} {list(values)}" for name, values in regions.items())
    return (
        f"holds label {strangers}, which no region names ({named}); correct the mask, or name the label in a target"
        if strangers
        else ""
    )


def _small_labels(labels: Array) -> npt.NDArray[np.intp]:
    """List the values of labels of 8 bits: counting is many times faster than sorting, and is done in 64 bits."""
    flat, counts = labels.ravel(order="K"), np.zeros(_VALUES, dtype=np.intp)
    for start in range(0, flat.size, _COUNTED):
        counts += np.bincount(flat[start : start + _COUNTED], minlength=_VALUES)
    return np.flatnonzero(counts)


def _binary(path: Path, mask: Volume, advice: str) -> RegionMask:
    value = refuse_several(path, mask.data, "region", f": a label map?{advice}")
    if value > 0 and value not in _MEANT:
        found = f"a mask of one region has one value besides 0, found {value}, and neither 1 nor 255: a label map?"
        raise FileRefusedError(path, f"{found}{advice}")
    notes = (*mask.notes, *((f"value {value} read as 1",) if value > 1 else ()))
    return RegionMask(replace(mask, data=mask.data > 0, notes=notes))
