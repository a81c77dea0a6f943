"""The labelled real volumes, and which of their voxels count."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.grid import on_grid
from nnunet_ext.core.names import strip_ending
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.orientation import upright_axis
from nnunet_ext.core.volume import Volume

BoolArray = npt.NDArray[np.bool_]

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "real"
BLOCK = np.s_[180:240, 120:175, :]  # of t2_full_fov, which t2_crop was cut from with its mask
UNF, UNF_MASKS = "bids_unf/sub-unf01/anat", "bids_unf/derivatives/labels/sub-unf01/anat"
UNF_STEMS = ("sub-unf01_T1w", "sub-unf01_T2w", "sub-unf01_T2star")
GREY = "gm_challenge"
GREY_SUBJECTS = ("sub-9418", "sub-9709Ses1", "sub-9709Ses2")


def pairs() -> Iterator[tuple[str, str]]:
    """Name the eight images and their masks, below the folder of the real data."""
    yield "t2_crop/t2.nii.gz", "t2_crop/t2_seg-manual.nii.gz"
    yield "t2_full_fov.nii.gz", "t2_crop/t2_seg-manual.nii.gz"
    for stem in UNF_STEMS:
        yield f"{UNF}/{stem}.nii.gz", f"{UNF_MASKS}/{stem}_seg-manual.nii.gz"
    for subject in GREY_SUBJECTS:
        stem = f"{subject}/anat/{subject}_run-1_T2starw"
        yield f"{GREY}/{stem}.nii.gz", f"{GREY}/derivatives/labels/{stem}_seg-manual.nii.gz"


CREDITS = {
    "t2_crop": "spinalcordtoolbox/sct_testing_data, MIT",
    "t2_full_fov.nii.gz": "spinalcordtoolbox/sct_testing_data, MIT",
    "gm_challenge": "sct-pipeline/gm-challenge-data, CC0",
    "mt": "spinalcordtoolbox/sct_tutorial_data and sct_example_data, MIT",
}  # what else there is may be looked at, and not shown to others


def may_be_shown(image: Path, folder: Path) -> bool:
    """Tell whether the licence of an image in the folder of real data lets a picture of it be published."""
    return image.relative_to(folder).parts[0] in CREDITS


@dataclass(frozen=True, eq=False)
class Labelled:
    """An image with the cord that people drew.

    Parameters
    ----------
    name
        That a prediction of its file gets.
    image
        In the file's own axes.
    truth, scored
        Cord, and the voxels that somebody looked at; shape of the image.
    """

    name: str
    image: Volume
    truth: BoolArray
    scored: BoolArray

    @property
    def axis(self) -> int:
        """The array axis that runs along the body."""
        return upright_axis(self.image.axes)


@dataclass(frozen=True)
class RealVolume:
    """Files of a labelled volume; see `load`."""

    image: Path
    mask: Path

    @property
    def name(self) -> str:
        """What a prediction of the image is called."""
        return strip_ending(self.image.name)

    def load(self) -> Labelled:
        """Read both; of the mask only slices with a voxel in it count as looked at."""
        image, mask = read_volume(self.image), read_mask(self.mask)
        if image.data.shape != mask.data.shape:
            return _in_block(self.name, image, mask.data > 0)
        truth = on_grid(mask, image, self.mask, "image")[0].data > 0
        return Labelled(self.name, image, truth, slices_with(truth, upright_axis(image.axes)))


def real_volumes(folder: Path) -> list[RealVolume]:
    """List those of the eight that are there."""
    found = [RealVolume(folder / image, folder / mask) for image, mask in pairs()]
    return [one for one in found if one.image.is_file() and one.mask.is_file()]


def rescans(folder: Path) -> Iterator[tuple[RealVolume, Path]]:
    """Give each labelled first run with its second one."""
    for one in real_volumes(folder):
        second = one.image.with_name(one.image.name.replace("run-1", "run-2"))
        if second != one.image and second.is_file():
            yield one, second


def slices_with(mask: BoolArray, axis: int) -> BoolArray:
    """Mark all voxels of the slices along an axis that hold a voxel of a mask."""
    used = mask.any(axis=tuple(other for other in range(3) if other != axis), keepdims=True)
    return np.broadcast_to(used, mask.shape).copy()


def _in_block(name: str, image: Volume, inside: BoolArray) -> Labelled:
    truth, scored = np.zeros(image.data.shape, np.bool_), np.zeros(image.data.shape, np.bool_)
    truth[BLOCK] = inside
    scored[BLOCK] = slices_with(inside, upright_axis(image.axes))
    return Labelled(name, image, truth, scored)
