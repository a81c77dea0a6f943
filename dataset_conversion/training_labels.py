"""The label map that training is to see of a case of which only a part was corrected."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.slices import Slices
from nnunet_ext.core.target import Target
from nnunet_ext.core.volume import Array


def training_labels(
    target: Target, masks: Mapping[str, Array], slices: Mapping[str, Slices | None] | None = None
) -> npt.NDArray[np.uint8]:
    """Draw the corrected masks into one label map; what nobody looked at is `ignore`, never background.

    In each slice the classes that were corrected there are drawn as `Target.fuse` draws them: of a class that was not,
    every voxel that it could change is ignored, and only what is certain all the same is told. Around a corrected cord
    that is background, for its lesions lie inside; beside a corrected lesion in no corrected cord it is nothing.

    Parameters
    ----------
    target
        Of the dataset.
    masks
        Of each corrected class, and of no other, shape (i, j, k), all of one shape; voxels above 0 belong to it. An
        empty mask says that the class is nowhere in what was looked at.
    slices
        For a class the slices that were looked at; a class that is not there, or has None, was looked at everywhere.

    Returns
    -------
    array
        uint8, shape (i, j, k).

    Raises
    ------
    DataRefusedError
        Where no class of the target was corrected, or the shapes differ.
    """
    corrected = [name for name, _ in target.classes if name in masks]
    whole = target.fuse(masks)  # which refuses what cannot be drawn
    limits = {name: found for name in corrected if (found := (slices or {}).get(name)) is not None}
    if not limits:
        return whole
    seen = {name: limits[name].voxels(whole.shape) for name in limits}
    everywhere = np.ones_like(whole, dtype=np.bool_)
    # Each voxel has a number that says by its bits which classes were looked at there.
    looked = sum(
        (np.asarray(seen.get(name, everywhere), dtype=np.uint32) << bit for bit, name in enumerate(corrected)),
        np.zeros(whole.shape, dtype=np.uint32),
    )
    labels = np.full_like(whole, target.ignore)
    for code in np.unique(looked):
        there = [name for bit, name in enumerate(corrected) if code >> bit & 1]
        if there:
            here = looked == code
            labels[here] = target.fuse({name: masks[name] for name in there})[here]
    return labels
