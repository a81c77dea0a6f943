"""Reading a case's masks: hard or soft, alone or in one label map, all on the lesion's grid."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.grid import on_grid
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.volume import Array, Volume

WHOSE_GRID: Final = "lesion mask"
"""All masks and images of a case are laid on its grid."""

_ROUNDING: Final = 1e-4  # of a stored scaling such as 1/255
_VALUES_SHOWN: Final = 6


@dataclass(frozen=True)
class LabelValues:
    """What the numbers of a label map stand for.

    Parameters
    ----------
    lesion, cord
        Values of the lesion, and of the whole cord with its lesions.
    known
        All values that may stand in the map.
    """

    lesion: tuple[int, ...] = (2,)
    cord: tuple[int, ...] = (1, 2)
    known: tuple[int, ...] = (0, 1, 2)


@dataclass(frozen=True, eq=False)
class CaseMasks:
    """A case's masks on one grid.

    Parameters
    ----------
    lesion
        Mask, bool, in the file's own axes.
    soft
        Its values from 0 to 1 where it is a soft mask; else None.
    cord
        Mask, bool, same shape; None without one.
    notes
        What reading had to choose, in words fit for a table.
    """

    lesion: Volume
    soft: Array | None
    cord: Array | None
    notes: tuple[str, ...] = ()


def read_masks(lesion: Path, cord: Path | None, threshold: float, labels: LabelValues | None = None) -> CaseMasks:
    """Read a lesion mask and its cord mask, or the label map that holds both.

    Parameters
    ----------
    lesion, cord
        Files. With `labels` the first is a label map, and the second None.
    threshold
        Above it a voxel of a soft mask counts.
    labels
        Of a label map; None where the files are masks.

    Raises
    ------
    FileRefusedError
        For a damaged file, values that are no mask's, and a cord on another grid.
    """
    if labels is not None:
        return _read_label_map(lesion, labels)
    volume, soft = read_soft(lesion)
    mask = Volume(soft > threshold, volume.affine)
    notes = list(volume.notes)
    if is_soft := not _is_binary(soft):
        notes.append(f"soft lesion mask: above {threshold:g} counts")
    if cord is None:
        return CaseMasks(mask, soft if is_soft else None, None, tuple(notes))
    cord_volume, cord_soft = read_soft(cord)
    on_lesion, off = on_grid(Volume(cord_soft, cord_volume.affine), mask, cord, WHOSE_GRID)
    if not _is_binary(cord_soft):
        notes.append(f"soft cord mask: above {threshold:g} counts")
    return CaseMasks(mask, soft if is_soft else None, on_lesion.data > threshold, (*notes, *cord_volume.notes, *off))


def read_soft(path: Path) -> tuple[Volume, Array]:
    """Read a mask with values from 0 to 1, and give its grid and them.

    Raises
    ------
    FileRefusedError
        For a damaged file, and other values.
    """
    volume = read_volume(path)
    low, high = float(volume.data.min(initial=0)), float(volume.data.max(initial=0))
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        advice = "of a label map with cord and lesion say --label-maps; else set the values to 0 and 1"
        reason = f"a mask with values from 0 to 1 was needed, and this one goes from {low:g} to {high:g}; {advice}"
        raise FileRefusedError(path, reason)
    return volume, volume.data


def _read_label_map(path: Path, labels: LabelValues) -> CaseMasks:
    volume = read_volume(path)
    values = np.unique(volume.data)
    strange = [f"{value:g}" for value in values if value not in labels.known]
    if strange:
        known = ", ".join(map(str, labels.known))
        reason = f"a label map with the values {known} was needed, found {', '.join(strange[:_VALUES_SHOWN])}, too"
        raise FileRefusedError(path, reason)
    lesion, cord = (np.logical_or.reduce([volume.data == at for at in part]) for part in (labels.lesion, labels.cord))
    return CaseMasks(Volume(lesion, volume.affine), None, cord, volume.notes)


def label_values(content: Mapping[str, object]) -> LabelValues | None:
    """Take the label values of `lesion` and `sc` from nnU-Net's `dataset.json`; None where it does not name both."""
    named = content.get("labels")
    if not isinstance(named, dict) or not {"lesion", "sc"} <= set(named):
        return None
    values = {name: tuple(at) if isinstance(at, list) else (at,) for name, at in named.items() if name != "ignore"}
    known = tuple(sorted({int(at) for part in values.values() for at in part} | {0}))
    # A cord that is written without its lesion still holds it.
    return LabelValues(values["lesion"], tuple(sorted({*values["sc"], *values["lesion"]})), known)


def _is_binary(data: Array) -> bool:
    return data.dtype.kind in "iub" or bool(((data == 0) | (data == 1)).all())
