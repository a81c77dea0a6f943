"""A case as a network is shown it: a box of fixed millimetres around the lesion, in units of the cord's signal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.cases.read_case import ReadCase
from nnunet_ext.classification.network.place_crop import lesion_centred
from nnunet_ext.classification.network.resample import Sampling, resampled, sampling
from nnunet_ext.classification.network.settings import CropSettings
from nnunet_ext.classification.network.straighten import bend_of, straightened
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import RAW_AXES, reorient
from nnunet_ext.core.volume import Affine, Array, Volume

BoolArray = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

MASKS: Final = 2
"""Channels that are no images: the lesion and the cord, the last two."""

_SD_OF_MAD: Final = 1.4826
_FEWEST_CORD: Final = 30


@dataclass(frozen=True, eq=False)
class Crop:
    """A case as the network is shown it.

    Parameters
    ----------
    data
        Shape (channels + 2, x, y, z), float32, along nibabel LAS: the images, each less the median of its cord without
        lesions, in robust standard deviations of it; 0 where there is no image. Then the lesion and the cord, from 0
        to 1.
    channels, present
        Names of the images, and which of them the case has.
    affine
        4 x 4, voxel of the crop to world in mm, as far as the cord is straight; exact in its middle slice.
    settings
        It was cut by.
    """

    data: Floats
    channels: tuple[str, ...]
    present: tuple[bool, ...]
    affine: Affine
    settings: CropSettings


def crop_case(
    read: ReadCase, channels: Sequence[str], settings: CropSettings, probability: Array | None = None
) -> Crop:
    """Cut the box around a case's lesions.

    A bent cord is put upright first: axial slices are moved to the front or back by whole voxels. The box lies around
    the middle of that which holds all lesions. Where that is longer, it is moved along the cord to where it holds most
    of them. Without lesions it lies around the middle of the cord, without cord around that of the
    image. Voxels are averaged where they become larger, and interpolated linearly where they become smaller; beyond
    the image all is 0. An oblique image is not turned upright.

    Parameters
    ----------
    read
        Masks and images on one grid, any orientation and spacing. An empty mask is a mask.
    channels
        Which images, in this order; one that the case has not is 0 throughout.
    probability
        Of lesion for each voxel of that grid, from 0 to 1, in place of the mask.

    Raises
    ------
    DataRefusedError
        Where the probability is of another grid, or none.
    """
    upright = _upright(read.lesion, read.lesion.data > 0)
    bare = np.zeros(upright.data.shape, dtype=np.bool_)
    cord = bare if read.cord is None else _upright(read.lesion, read.cord.data > 0).data
    bend = bend_of(cord, upright.spacing[2])

    def laid(data: Array) -> Array:
        return straightened(_upright(read.lesion, data).data, bend)

    lesion, cord = laid(read.lesion.data > 0), straightened(cord, bend)
    centre = lesion_centred(lesion, cord, upright.spacing, settings)
    grid = sampling(lesion.shape, upright.spacing, centre, settings)
    shown = lesion if probability is None else laid(_checked(probability, read.lesion))
    images = [
        _image(laid(read.images[name])[grid.inside], lesion, cord, grid, settings.clip)
        if name in read.images
        else np.zeros(grid.size)
        for name in channels
    ]
    data = np.stack([*images, resampled(shown, grid), resampled(cord, grid)])
    present = tuple(name in read.images for name in channels)
    return Crop(data.astype(np.float32), tuple(channels), present, upright.affine @ grid.affine, settings)


def _image(image: Array, lesion: BoolArray, cord: BoolArray, grid: Sampling, clip: float) -> npt.NDArray[np.float64]:
    """Resample the part of an image that the box takes from, in units of its cord."""
    values = image.astype(np.float64)
    middle, spread = _units(values, lesion[grid.inside], cord[grid.inside])
    return resampled(np.clip((values - middle) / spread, -clip, clip), grid, cut=True)


def _units(image: Array, lesion: BoolArray, cord: BoolArray) -> tuple[float, float]:
    """Give median and robust spread of the cord without lesion in the box; of the whole box where that is too little.

    The cord near the lesion is compared with, not that of the other end of the image, which a coil sees otherwise.
    """
    sound = image[cord & ~lesion]
    values = sound if sound.size >= _FEWEST_CORD else image.ravel()
    if values.size == 0:
        return 0.0, 1.0
    middle = float(np.median(values))
    spread = float(_SD_OF_MAD * np.median(np.abs(values - middle))) or float(values.std()) or 1.0
    return middle, spread


def _upright(like: Volume, data: Array) -> Volume:
    return reorient(Volume(data, like.affine), RAW_AXES)


def _checked(probability: Array, lesion: Volume) -> Array:
    if probability.shape != lesion.data.shape:
        raise DataRefusedError(
            f"probabilities on the lesion mask's grid were needed, found {probability.shape} and {lesion.data.shape}"
        )
    if not ((probability >= 0) & (probability <= 1)).all():  # NaN is refused, too
        raise DataRefusedError("probabilities of lesion from 0 to 1 were needed, found others")
    return probability
