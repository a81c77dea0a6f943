"""From logits on the network's grid back to the image's, the whole of it or a box."""

import math
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from nnunetv2.preprocessing.resampling.default_resampling import (
    determine_do_sep_z_and_axis,
    resample_data_or_seg_to_shape,
)
from nnunetv2.preprocessing.resampling.resample_torch import resample_torch_fornnunet
from scipy.ndimage import map_coordinates

from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.prediction.nnunet_model import NnunetModel
from nnunet_ext.cascade.prediction.preprocess import Placement

_ROUNDING: Final = 1  # voxels, for functions that compute places in 32 bits


def needed_box(at: Box, placement: Placement, model: NnunetModel) -> Box:
    """Say which voxels of the preprocessed array decide what lies in a box of the image.

    Parameters
    ----------
    at
        As `Placement.find` gave it.
    model
        Its plans say how it is resampled back: linearly each voxel hangs on its neighbours, by splines on all.
    """
    if not placement.resampled:
        return at
    if not (_is_linear(model) or _is_torch(model)):
        return Box.whole(placement.shape)
    ends = []
    for start, stop, size, goal in zip(at.start, at.stop, placement.shape, placement.nonzero.shape, strict=True):
        low, high = _source(start, size, goal), _source(stop - 1, size, goal)
        ends.append((max(0, math.floor(low) - _ROUNDING), min(size, math.floor(high) + 2 + _ROUNDING)))
    return Box.of(ends)


def resample_back(
    logits: torch.Tensor, covered: Box, at: Box, placement: Placement, model: NnunetModel
) -> npt.NDArray[np.floating[Any]] | torch.Tensor:
    """Resample logits as stock nnU-Net does, and give those of a box.

    Parameters
    ----------
    logits
        float16, shape (heads, ...) of `covered`.
    covered
        Part of the preprocessed array, at least what `needed_box` names.
    at
        The box, as `Placement.find` gave it.
    placement, model
        As in preprocessing.

    Returns
    -------
    array or tensor
        Shape (heads, ...) of the box. The values are nnU-Net's own: from its function on the whole array where that is
        asked for; else, for its default function, which is linear, from the same sums over the box's voxels alone.
    """
    if not placement.resampled:
        return logits[(slice(None), *at.within(covered).slices)]
    if at == Box.whole(placement.nonzero.shape) or not _is_linear(model):
        return _resample_all(logits, covered, placement, model)[(slice(None), *at.slices)]
    return _resample_box(logits.numpy(), covered, at, placement, model)


def _resample_all(
    logits: torch.Tensor, covered: Box, placement: Placement, model: NnunetModel
) -> npt.NDArray[np.floating[Any]] | torch.Tensor:
    if covered.shape != placement.shape:
        whole = torch.zeros((logits.shape[0], *placement.shape), dtype=logits.dtype)
        whole[(slice(None), *covered.slices)] = logits
        logits = whole
    resampled: npt.NDArray[np.floating[Any]] | torch.Tensor = model.configuration.resampling_fn_probabilities(
        logits, placement.nonzero.shape, placement.resampled_spacing, placement.spacing
    )
    return resampled


def _resample_box(
    logits: npt.NDArray[np.float16], covered: Box, at: Box, placement: Placement, model: NnunetModel
) -> npt.NDArray[np.float16]:
    """Interpolate linearly, plane by plane, as nnU-Net's default function does by way of scikit-image and scipy.

    Places are computed from the whole arrays' sizes and by the same expression, so that they agree to the last bit. So
    they may lie half a voxel outside the array, and have to: scipy takes the outermost voxel twice there, and the sum
    of its shares is not always the voxel.
    """
    separate = _separate_axis(placement, model)
    places = [_places(axis, at, covered, placement, nearest=axis == separate) for axis in range(3)]
    found = np.empty((logits.shape[0], *at.shape), dtype=logits.dtype)
    for head, values in enumerate(logits):
        exact = values.astype(np.float64)
        for plane, place in enumerate(places[0]):
            grid = np.array(np.meshgrid([place], places[1], places[2], indexing="ij"))
            found[head, plane] = map_coordinates(exact, grid, order=1, mode="nearest", prefilter=False)[0]
    return found


def _places(axis: int, at: Box, covered: Box, placement: Placement, *, nearest: bool) -> npt.NDArray[np.float64]:
    size, goal = placement.shape[axis], placement.nonzero.shape[axis]
    places: npt.NDArray[np.float64] = _source(np.arange(at.start[axis], at.stop[axis]), size, goal)
    return (np.floor(places + 0.5) if nearest else places) - covered.start[axis]


def _source(index: Any, size: int, goal: int) -> Any:  # noqa: ANN401 - a number or an array of them
    """Say which place among `size` voxels a voxel of `goal` comes from; both grids cover the same length."""
    return size / goal * (index + 0.5) - 0.5


def _separate_axis(placement: Placement, model: NnunetModel) -> int | None:
    """Find the axis of thick slices, along which nnU-Net takes the nearest voxel."""
    arguments = model.configuration.resampling_fn_probabilities.keywords
    forced, threshold = arguments.get("force_separate_z", False), arguments.get("separate_z_anisotropy_threshold")
    spacings = placement.resampled_spacing, placement.spacing
    more = () if threshold is None else (threshold,)
    separate, axis = determine_do_sep_z_and_axis(forced, *spacings, *more)
    return int(axis) if separate else None


def _is_linear(model: NnunetModel) -> bool:
    function: partial[Any] = model.configuration.resampling_fn_probabilities
    arguments = {"order": 3, "order_z": 0, "is_seg": False, **function.keywords}
    linear = (arguments["order"], arguments["order_z"], arguments["is_seg"]) == (1, 0, False)
    return function.func is resample_data_or_seg_to_shape and linear


def _is_torch(model: NnunetModel) -> bool:
    function: partial[Any] = model.configuration.resampling_fn_probabilities
    arguments = {"mode": "linear", "aniso_axis_mode": "nearest-exact", **function.keywords}
    near = {"linear", "nearest", "nearest-exact"}
    return function.func is resample_torch_fornnunet and {arguments["mode"], arguments["aniso_axis_mode"]} <= near
