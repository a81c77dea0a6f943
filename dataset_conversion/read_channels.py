"""Reading the images of a case and bringing them onto the grid of the first."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.grid import ADOPTED_WITHIN, SAME_GRID, apart
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.volume import Array, Volume
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.read_on_grid import OnGrid


@dataclass(frozen=True, eq=False)
class Channels:
    """The images of a case, on one grid.

    Parameters
    ----------
    anchor
        The image whose grid the case has.
    data
        For each channel the voxels, all of one shape; zero where the case has no such image.
    remarks
        What was done.
    sha256
        Of the files that were read, in the order of the channels.
    moved_mm
        The farthest that one was moved, root mean square.
    """

    anchor: Volume
    data: tuple[Array, ...]
    remarks: tuple[str, ...]
    sha256: tuple[str, ...]
    moved_mm: float


def read_channels(case: PlannedCase, names: tuple[str, ...], *, register: bool = False) -> Channels:
    """Read the images of a case and bring them onto the grid of the first that it has.

    Parameters
    ----------
    case
        With an image, or none, for each channel.
    names
        Of the channels.
    register
        Whether an image on another grid is registered, rather than refused.

    Raises
    ------
    FileRefusedError
        Where an image is damaged, or on another grid and not to be registered.
    """
    anchor = read_volume(case.source.root / case.image)
    remarks = list(anchor.notes)
    data: list[Array] = []
    hashes: list[str] = []
    farthest = 0.0
    for name, path in zip(names, case.images, strict=True):
        if not path:
            data.append(np.zeros(anchor.data.shape, dtype=np.uint8))
            remarks.append(f"{name}: no image, all zero")
        elif path == case.image:
            data.append(anchor.data)
            hashes.append(anchor.sha256)
        else:
            image = read_volume(case.source.root / path)
            moved = _on_grid(case.source.root / path, image, anchor, register=register)
            data.append(moved.data)
            hashes.append(image.sha256)
            farthest = max(farthest, moved.moved_mm)
            remarks += [f"{name}: {sentence}" for sentence in (*image.notes, *moved.remarks)]
    return Channels(anchor, tuple(data), tuple(remarks), tuple(hashes), farthest)


def _on_grid(path: Path, image: Volume, anchor: Volume, *, register: bool) -> OnGrid:
    off = apart(image, anchor)
    if off is not None and off.rms_voxels <= SAME_GRID:
        return OnGrid(image.data)
    if off is not None and off.rms_voxels <= ADOPTED_WITHIN and not register:
        remark = f"first channel's affine adopted, {off.rms_mm:.3f} mm root mean square"
        return OnGrid(image.data, (remark,), off.rms_mm)
    if not register:
        found = f"its grid is {image.data.shape}, its first channel's {anchor.data.shape}, and they do not coincide"
        raise FileRefusedError(path, f"{found}; register it to the first channel: --register affine")
    # SimpleITK takes 90 MiB in every process, and few cases are registered.
    from nnunet_ext.dataset_conversion.register import register_affine  # noqa: PLC0415 - only where it is needed

    try:
        done = register_affine(image, anchor)
    except DataRefusedError as error:
        raise FileRefusedError(path, f"cannot be registered to its first channel: {error}") from error
    moved = f"moved by {done.moved_mm:.2f} mm root mean square"
    gained = (
        f"mutual information {done.mutual_information_before:.3f} before, {done.mutual_information_after:.3f} after"
    )
    remark = f"registered (affine): {moved}, {gained}, {100 * done.covered:.0f} % of the grid covered"
    return OnGrid(done.volume.data, (remark, *([done.note] if done.note else [])), done.moved_mm)
