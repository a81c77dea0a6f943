"""Cutting images to a box for a model that was trained on boxed ones, and putting back what it found."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.prediction.segmentation import Segmentation
from nnunet_ext.core.volume import Array, Volume


def cut_box(images: Sequence[Volume], box: Box) -> tuple[list[Volume], Box]:
    """Cut a box out, with a shell of zeros around it, one voxel thick where the image goes on.

    Stock nnU-Net, given an image that is zero outside the box, crops to what is not zero and sees the same voxels. The
    shell is cropped away as well. Through it the array that is normalised lies in memory as if it had been cut from the
    whole image, so that numpy sums its mean in the same order: the result is the same to the last bit.

    Parameters
    ----------
    images
        On one grid. What is outside the box is not looked at.
    box
        In their voxels.

    Returns
    -------
    list
        The images. Their affines are the whole images', since where in space they begin is nothing to a network.
    Box
        Where the box lies in them.
    """
    shell = Box.of((start - 1, stop + 1) for start, stop in box.ends).common(Box.whole(images[0].data.shape))
    inner = box.within(shell)
    cut = []
    for image in images:
        data = np.zeros(shell.shape, dtype=image.data.dtype, order="F")
        data[inner.slices] = image.data[box.slices]
        cut.append(replace(image, data=data))
    return cut, inner


def paste_box(found: Segmentation, inner: Box, box: Box, shape: Sequence[int]) -> Segmentation:
    """Put what was found in cut images back into the whole ones.

    Parameters
    ----------
    found
        On the cut images' grid.
    inner, box
        The box in the cut images and in the whole ones.
    shape
        Of the whole ones; outside the box all is 0.
    """

    def pasted(part: Array) -> Array:
        whole: Array = np.zeros(shape, dtype=part.dtype, order="F")
        whole[box.slices] = part[inner.slices]
        return whole

    return found.changed(pasted)
