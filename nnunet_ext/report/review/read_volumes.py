"""Reading the image and the masks of a case, all on one grid."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.grid import ADOPTED_WITHIN, lies_on
from nnunet_ext.core.labels import CORD, region_mask, union
from nnunet_ext.core.mask import read_region
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.stray_lesions import cord_alone
from nnunet_ext.core.volume import Affine, Volume
from nnunet_ext.report.planes import BoolArray, RegionMasks, Role
from nnunet_ext.report.sources.record import CaseRecord, MaskFile

_NO_IMAGE: Final = "no image was found, so the masks lie on black; name its folder with --images"


@dataclass(frozen=True, eq=False)
class CaseVolumes:
    """What is drawn of a case.

    Parameters
    ----------
    image
        Zeros where there is none.
    regions
        Name to masks on its grid.
    has_image
        Whether there is one.
    problems
        Files that were refused, each in a sentence.
    remarks
        What else a reader must know.
    reference_axes
        Of the reference's first file; empty where there is none.
    """

    image: Volume
    regions: Mapping[str, RegionMasks]
    has_image: bool
    problems: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    reference_axes: str = ""


def read_volumes(record: CaseRecord) -> CaseVolumes | None:
    """Read the files of a case; one that is refused is named, and the rest is read.

    Returns
    -------
    CaseVolumes
        On the grid of the image, or of the first mask where there is none. None where no file is known at all.
    """
    problems: list[str] = []
    read: dict[Path, Volume | None] = {}
    image = None if record.image is None else _volume(record.image, read_volume, problems)
    first = image
    for file in (*record.reference.values(), *record.prediction.values()):
        if file.path not in read:
            read[file.path] = _volume(file.path, partial(_values, file), problems)
        first = first or read[file.path]
    if first is None:
        if not problems:
            return None
        return CaseVolumes(Volume(np.zeros((0, 0, 0)), np.eye(4)), {}, False, tuple(problems))
    grid = image if image is not None else Volume(np.zeros(first.data.shape, dtype=np.uint8), first.affine)
    names = list(dict.fromkeys([*record.reference, *record.prediction]))
    sides: dict[Role, Mapping[str, MaskFile]] = {"reference": record.reference, "prediction": record.prediction}
    regions: dict[str, RegionMasks] = {
        name: {
            role: mask
            for role, files in sides.items()
            if name in files and (mask := _mask(files[name], read, grid, problems)) is not None
        }
        for name in names
    }
    remarks = () if record.image is not None else (_NO_IMAGE,)
    if CORD in regions:
        regions[CORD] = _without_stray(regions, grid.affine)
    drawn = next((volume for file in record.reference.values() if (volume := read[file.path]) is not None), None)
    axes = "" if drawn is None else drawn.axes
    return CaseVolumes(grid, regions, image is not None, tuple(dict.fromkeys(problems)), remarks, axes)


def _without_stray(regions: Mapping[str, RegionMasks], affine: Affine) -> RegionMasks:
    """Draw as cord the tube with the lesions that touch it: in a label map each lesion is cord, wherever it lies."""
    alone: dict[Role, BoolArray] = {}
    for role, cord in regions[CORD].items():
        inner = [masks[role] for name, masks in regions.items() if name != CORD and role in masks]
        alone[role] = cord_alone(cord, union(inner), affine) if inner else cord
    return alone


def _values(file: MaskFile, path: Path) -> Volume:
    return read_mask(path) if file.values is not None else read_region(path, file.threshold, announced=True).volume


def _volume(path: Path, read: Callable[[Path], Volume], problems: list[str]) -> Volume | None:
    try:
        return read(path)
    except FileRefusedError as error:
        problems.append(f"{path.name}: {error.reason}")
    except (DataRefusedError, OSError) as error:
        problems.append(f"{path.name}: {error}")
    return None


def _mask(file: MaskFile, read: Mapping[Path, Volume | None], grid: Volume, problems: list[str]) -> BoolArray | None:
    if (volume := read[file.path]) is None:
        return None
    if volume.axes != grid.axes:
        volume = reorient(volume, grid.axes)  # saved with other axes, as some editors do: the same voxels
    if not lies_on(volume, grid, ADOPTED_WITHIN):
        problems.append(f"{file.path.name}: lies on another grid than the image, so it is not drawn")
        return None
    if file.values is None:
        return np.asarray(volume.data > 0)
    return region_mask(volume.data, file.values)
