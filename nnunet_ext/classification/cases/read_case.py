"""Reading a patient's case: lesion and cord, and its images, all on the lesion mask's grid."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from nnunet_ext.classification.cases.patient import PatientCase
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.grid import on_grid
from nnunet_ext.core.mask import read_region
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.volume import Array, Volume

_HALF: Final = 0.5
_WHOSE: Final = "lesion mask"


@dataclass(frozen=True, eq=False)
class ReadCase:
    """A case on one grid.

    Parameters
    ----------
    lesion, cord
        Masks, bool, in the lesion mask's own axes; the cord with its lesions, None where there is none.
    images
        For each channel its image, the same shape.
    levels
        Numbers of vertebrae in the cord's voxels; None where there are none.
    notes
        What reading had to choose.
    """

    lesion: Volume
    cord: Volume | None
    images: Mapping[str, Array]
    levels: Array | None = None
    notes: tuple[str, ...] = ()


def read_case(case: PatientCase, levels: Path | None = None) -> ReadCase:
    """Read the files of a case; soft masks are cut above 0.5.

    Parameters
    ----------
    case
        With a lesion mask. An empty mask is a mask.
    levels
        Label image of vertebral levels (C1 is 1), of the same grid; None where there is none.

    Raises
    ------
    DataRefusedError
        Where the case has no mask, a file is damaged or no mask, one lies on another grid, or a label map says that
        nobody has looked for lesions.
    """
    if case.lesion is None:
        raise DataRefusedError(f"{case.case}: a lesion mask was needed, found none; run nnunet_ext predict")
    lesion = _region(case.lesion.path, case.lesion.values, case.lesion.ignore)
    notes = [*lesion.notes]

    def laid(volume: Volume, file: Path) -> Volume:
        placed, told = on_grid(volume, lesion, file, _WHOSE)
        notes.extend(f"{file.name}: {note}" for note in (*volume.notes, *told))
        return placed

    cord = None
    if case.lesion.cord is not None:
        cord = laid(_region(case.lesion.cord, case.lesion.cord_values), case.lesion.cord)
    images = {name: laid(read_volume(file), file).data for name, file in case.images.items()}
    labelled = None if levels is None else laid(read_mask(levels), levels).data
    return ReadCase(lesion, cord, images, labelled, tuple(dict.fromkeys(notes)))


def _region(file: Path, values: tuple[int, ...], ignore: int | None = None) -> Volume:
    """Read a mask, or those voxels of a label map that have one of the values, if none is `ignore`."""
    if not values:
        return read_region(file, _HALF).volume
    labels = read_mask(file)
    if ignore is not None and (labels.data == ignore).any():
        raise FileRefusedError(
            file, f"a lesion mask was needed, found voxels of {ignore}, in which nobody has looked; predict it instead"
        )
    return replace(labels, data=np.isin(labels.data, values))
