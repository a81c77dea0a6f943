"""A case that is to be predicted, and reading its images, whole and on one grid."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.grid import WRITTEN_FOR_IT, apart
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.volume import Volume


@dataclass(frozen=True)
class InputCase:
    """A case to predict.

    Parameters
    ----------
    name
        Its identifier; of a BIDS image the stem, such as `sub-01_ses-02_T2w`.
    images
        The file of each channel; None where it is missing and shall be zero.
    sources
        The files' names for sidecars: relative to a BIDS folder, else without any folder; empty where missing.
    folder
        Where its outputs go below the output folder, such as `sub-01/ses-02/anat`; empty where the name is not BIDS.
    reason
        Why it cannot be predicted, or is left out; empty where it is to be predicted.
    refused
        Whether that is a fault, rather than left out knowingly.
    """

    name: str
    images: tuple[Path | None, ...]
    sources: tuple[str, ...]
    folder: str = ""
    reason: str = ""
    refused: bool = False

    @property
    def is_bids(self) -> bool:
        """Whether the name ends with a contrast, which BIDS does not keep at the end of a mask's name."""
        return bool(self.folder)


@dataclass(frozen=True, eq=False)
class CaseImages:
    """The images of a case.

    Parameters
    ----------
    volumes
        One for each channel, all with the affine of the first that there is.
    inputs
        For sidecars: name and SHA-256 of each file.
    warnings
        What reading had to choose or make up.
    """

    volumes: tuple[Volume, ...]
    inputs: tuple[Mapping[str, str], ...]
    warnings: tuple[str, ...]


def read_images(case: InputCase) -> CaseImages:
    """Read every image to its end.

    Raises
    ------
    FileRefusedError
        Where one is damaged, no 3-D image, or not on the grid of the first.
    DataRefusedError
        Where there is none at all.
    """
    read = {file: read_volume(file) for file in case.images if file is not None}
    if not read:
        raise DataRefusedError(f"{case.name}: none of its {len(case.images)} channels has an image")
    grid = next(iter(read.values()))
    for file, volume in read.items():
        _refuse_other_grid(file, volume, grid)
    empty = np.zeros(grid.data.shape, dtype=np.uint8)
    volumes = [empty if file is None else read[file].data for file in case.images]
    missing = [
        f"channel {index} has no image and was taken as zero" for index, f in enumerate(case.images) if f is None
    ]
    notes = [f"{file.name}: {note}" for file, volume in read.items() for note in volume.notes]
    inputs = [
        {"Name": source, "SHA256": read[file].sha256}
        for source, file in zip(case.sources, case.images, strict=True)
        if file is not None
    ]
    return CaseImages(tuple(replace(grid, data=data) for data in volumes), tuple(inputs), (*notes, *missing))


def _refuse_other_grid(file: Path, volume: Volume, grid: Volume) -> None:
    off = apart(volume, grid)
    if off is None:
        found = f"{volume.data.shape} instead of {grid.data.shape} voxels"
    elif off.rms_voxels <= WRITTEN_FOR_IT:
        return
    else:
        found = f"its affine lies {off.rms_voxels:.2g} voxels off"
    raise FileRefusedError(file, f"the grid of its case's first channel was needed, found {found}; resample it first")
