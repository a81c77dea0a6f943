"""Boxing one case: read, box, prove that no label is lost, write."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from nnunet_ext.cascade.box import Box, Margins, apply_box, cord_box, outside, random_margins
from nnunet_ext.cascade.cords import SourceCase
from nnunet_ext.cascade.margins import needed_margins
from nnunet_ext.core.atomic import write_bytes
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.grid import WRITTEN_FOR_IT, apart
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_image
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.volume import Array, Volume

NO_PREDICTION: Final = "no cord prediction was found"
EMPTY_PREDICTION: Final = "the predicted cord is empty"


@dataclass(frozen=True)
class CropRecipe:
    """How the cases of a dataset are boxed.

    Parameters
    ----------
    margins
        Around the cord, as in prediction.
    jitter_mm
        Least and most that each face of a training case is moved by, outwards where positive.
    seed
        Of those draws.
    ignore
        Label value of voxels that nobody has annotated; they may be cut. None where there is none.
    """

    margins: Margins
    jitter_mm: tuple[float, float]
    seed: int
    ignore: int | None


@dataclass(frozen=True)
class CroppedCase:
    """What became of a case.

    Parameters
    ----------
    shape
        Voxels of the image.
    box
        What was kept, widened where it had to be.
    margins
        Those that were drawn; None where the whole image was kept.
    label_voxels_outside
        Annotated label voxels outside the box, before it was widened; None without a label.
    label_voxels_in_zeros
        Annotated label voxels that nnU-Net's own crop will cut, since the image is zero from there to its border.
    widened
        Whether the box was widened to hold every annotated label voxel.
    whole_image
        Why the whole image was kept; empty where it was boxed.
    refused
        Why the case cannot be used; empty where it can, and then nothing was written of it.
    """

    source: SourceCase
    shape: tuple[int, ...] = ()
    box: Box | None = None
    margins: Margins | None = None
    label_voxels_outside: int | None = None
    label_voxels_in_zeros: int | None = None
    widened: bool = False
    whole_image: str = ""
    refused: str = ""

    @property
    def kept_share(self) -> float:
        """Share of the image's voxels that the box holds."""
        return self.box.voxels / float(np.prod(self.shape)) if self.box is not None else 0.0


def crop_case(source: SourceCase, recipe: CropRecipe, dataset: RawDataset) -> CroppedCase:
    """Write a case with zeros outside its cord box; its label map is copied byte for byte.

    The box of a training case has random margins, drawn from the seed and the case's name alone, and is widened to
    hold every annotated label voxel. That of another case has the margins that prediction will use, and is not
    widened: no truth may reach into a test.

    Parameters
    ----------
    source
        The case. Without cord, or with an empty one, the whole image is kept.
    """
    try:
        channels = _read_channels(source)
        labels = _read_on_grid(source.label, channels[0]) if source.label is not None else None
        kept = _annotated(labels, recipe.ignore)
        cropped = _choose_box(source, recipe, channels[0], kept)
    except DataRefusedError as error:
        return CroppedCase(source, refused=str(error))
    if cropped.box is None:
        return cropped
    for channel, volume in enumerate(channels):
        boxed = apply_box(volume, cropped.box)
        write_image(dataset.image(source.case, source.split, channel), boxed.data, boxed.affine, boxed.forms)
        channels[channel] = boxed
    if source.label is not None:
        write_bytes(dataset.label(source.case, source.split), source.label.read_bytes())
    return replace(cropped, label_voxels_in_zeros=None if kept is None else _in_zeros(channels, kept))


def case_needs(source: SourceCase, ignore: int | None) -> Margins | str | None:
    """Find the margins that a training case needs to keep its labels.

    Returns
    -------
    Margins, str or None
        None without cord or label; why the case is refused, where it is.
    """
    if source.cord is None or source.label is None:
        return None
    try:
        labels = read_mask(source.label)
        cord = _read_on_grid(source.cord.file, labels)
    except DataRefusedError as error:
        return str(error)
    kept = _annotated(labels, ignore)
    return None if kept is None else needed_margins(cord, kept)


def _choose_box(source: SourceCase, recipe: CropRecipe, image: Volume, kept: Array | None) -> CroppedCase:
    whole = CroppedCase(source, shape=image.data.shape, box=Box.whole(image.data.shape))
    if kept is not None:
        whole = replace(whole, label_voxels_outside=0)
    if source.cord is None:
        return replace(whole, whole_image=NO_PREDICTION)
    margins = recipe.margins
    if source.split == "train":
        margins = random_margins(margins, *recipe.jitter_mm, rng=_generator(recipe.seed, source.case))
    box = cord_box(_read_on_grid(source.cord.file, image), margins)
    if box is None:
        return replace(whole, whole_image=EMPTY_PREDICTION)
    lost = None if kept is None else outside(kept, box)
    needed = Box.around(kept) if kept is not None and lost and source.split == "train" else None
    return replace(
        whole,
        box=box if needed is None else box.union(needed),
        margins=margins,
        label_voxels_outside=lost,
        widened=needed is not None,
    )


def _read_channels(source: SourceCase) -> list[Volume]:
    first = read_volume(source.images[0])
    channels = [first]
    for file in source.images[1:]:
        channel = read_volume(file)
        _refuse_other_grid(file, channel, first)
        channels.append(channel)
    return channels


def _read_on_grid(file: Path, image: Volume) -> Volume:
    mask = read_mask(file)
    _refuse_other_grid(file, mask, image)
    return mask


def _refuse_other_grid(file: Path, volume: Volume, image: Volume) -> None:
    off = apart(volume, image)
    if off is None:
        reason = f"its image has the shape {image.data.shape} and this one {volume.data.shape}"
        raise FileRefusedError(file, f"{reason}; predict the cord of this very image again")
    if off.rms_voxels > WRITTEN_FOR_IT:
        raise FileRefusedError(file, f"lies {off.rms_mm:.2f} mm away from its image; predict it again")


def _annotated(labels: Volume | None, ignore: int | None) -> Array | None:
    if labels is None:
        return None
    return labels.data if ignore is None else np.where(labels.data == ignore, 0, labels.data)


def _in_zeros(channels: list[Volume], kept: Array) -> int:
    """Count label voxels outside the box that nnU-Net will find around the voxels that are not zero."""
    nonzero = Box.around(np.logical_or.reduce([channel.data != 0 for channel in channels]))
    return int(np.count_nonzero(kept)) if nonzero is None else outside(kept, nonzero)


def _generator(seed: int, case: str) -> np.random.Generator:
    """Seed by the name, so that neither the order of the cases nor the number of processes changes a draw."""
    digest = hashlib.sha256(case.encode("utf-8")).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])
