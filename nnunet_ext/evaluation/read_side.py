"""Reading one side of a case: the masks of its regions, on one grid."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.grid import on_grid
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.mask import read_region, strange_labels
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.volume import Volume
from nnunet_ext.evaluation.mask_files import CaseMaskFiles
from nnunet_ext.evaluation.overlap import BoolArray


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a case.

    Parameters
    ----------
    grid
        Of all masks; its voxels are those of one of the files.
    masks
        Region to mask; a region without a file is absent.
    ignored
        Voxels that nobody annotated; None where there are none.
    labels_there
        Values of the label map, `ignore` apart; None for masks of regions.
    notes
        What reading had to repair or choose.
    """

    grid: Volume
    masks: Mapping[str, BoolArray]
    ignored: BoolArray | None = None
    labels_there: frozenset[int] | None = None
    notes: tuple[str, ...] = ()


def read_side(
    case: CaseMaskFiles, labelling: Labelling, *, role: str, grid: Volume | None, threshold: float | None
) -> Side:
    """Read the masks of a case.

    Parameters
    ----------
    case
        Its files.
    labelling
        What label values mean, and which regions contain each other.
    role
        ``reference`` or ``prediction``, for messages. Only a reference may hold the ignore label.
    grid
        That the masks must lie on; None: that of the first file.
    threshold
        Soft masks are cut above it; None refuses them.

    Raises
    ------
    DataRefusedError
        Naming the file, without its folder, that is damaged, lies elsewhere, or holds values that are no labels.
    """
    if case.problem:
        raise DataRefusedError(f"{role}: {case.problem}")
    try:
        if case.label_map is not None:
            return _from_label_map(case.label_map, labelling, role, grid)
        return _from_regions(dict(case.regions), labelling, role, grid, threshold)
    except FileRefusedError as error:
        raise DataRefusedError(f"{role}: {error.path.name}: {error.reason}") from error
    except OSError as error:
        raise DataRefusedError(f"{role}: {error.strerror or 'cannot be read'}") from error


def _from_label_map(file: Path, labelling: Labelling, role: str, grid: Volume | None) -> Side:
    volume, notes = _on_grid(read_mask(file), grid, file, role)
    ignore = labelling.ignore if role == "reference" else None
    if strange := strange_labels(volume.data, labelling.values, ignore):
        raise DataRefusedError(f"{role}: {file.name} {strange}")
    masks = labelling.take(volume.data)
    ignored = None if ignore is None else volume.data == ignore
    there = np.flatnonzero(np.bincount(volume.data.ravel(order="K"), minlength=1)).tolist()
    return Side(
        grid=volume,
        masks=masks,
        ignored=ignored if ignored is not None and ignored.any() else None,
        labels_there=frozenset(there) - {ignore},
        notes=tuple(notes),
    )


def _from_regions(
    files: Mapping[str, Path], labelling: Labelling, role: str, grid: Volume | None, threshold: float | None
) -> Side:
    notes: list[str] = []
    masks: dict[str, BoolArray] = {}
    for region, _ in labelling.regions:
        if region in files:
            volume, said = _on_grid(_region(files[region], threshold), grid, files[region], role)
            grid = grid or volume
            masks[region] = volume.data
            notes += said
    if grid is None:
        raise DataRefusedError(f"{role}: none of its files is a mask of {', '.join(labelling.values)}")
    for region, mask in masks.items():
        for inner in labelling.inside(region):
            outside = int(np.count_nonzero(masks[inner] & ~mask)) if inner in masks else 0
            if outside:
                np.logical_or(mask, masks[inner], out=mask)
                notes.append(f"{role}: {outside} voxels of {inner} outside {region} count as {region} too")
    return Side(grid, masks, notes=tuple(notes))


def _region(file: Path, threshold: float | None) -> Volume:
    read = read_region(file, threshold, announced=True)
    note = (f"{file.name}: soft mask cut above {threshold:g}",) if read.soft is not None else ()
    return replace(read.volume, notes=(*read.volume.notes, *note))


def _on_grid(volume: Volume, grid: Volume | None, file: Path, role: str) -> tuple[Volume, list[str]]:
    notes = list(volume.notes)
    if grid is not None:
        if volume.axes != grid.axes:
            notes.append(f"axes turned from {volume.axes} to {grid.axes}")
        volume, off = on_grid(volume, grid, file, "reference")
        notes += off
    return volume, [f"{role}: {note}" for note in notes]
