"""Lesion borders as another rater would have drawn them."""

from collections.abc import Sequence
from typing import Any

import cc3d
import numpy as np
import numpy.typing as npt
import torch
from batchgeneratorsv2.transforms.base.basic_transform import SegOnlyTransform
from scipy.ndimage import binary_dilation, binary_erosion

_Mask = npt.NDArray[np.bool_]


class BorderErosionDilation(SegOnlyTransform):  # type: ignore[misc]  # batchgeneratorsv2 ships no annotations
    """Take one voxel off all lesion borders of a patch, or add one (Gros et al. 2019, NeuroImage 184:901).

    Only `lesion` and `inside` are exchanged for one another, so a lesion never leaves the cord, and background, the
    ignore label and padding stay as they are. A lesion that would vanish stays whole; lesions may join or fall apart.
    At the edge of the patch nothing is taken off: the lesion may go on beyond it. Without a lesion nothing happens.

    It works on the first channel of label values, before nnU-Net turns them into regions.

    Parameters
    ----------
    lesion, inside
        Label values: of the lesion, and of the cord around it, which alone can become lesion.
    axes
        Along which the border moves; those within the slices where these are thick.
    probability
        How often the borders move at all, one time in two inwards.
    """

    def __init__(self, lesion: int, inside: int, axes: Sequence[int], probability: float) -> None:
        super().__init__()
        self.lesion = lesion
        self.inside = inside
        self.axes = tuple(axes)
        self.probability = probability

    def get_parameters(self, **_data_dict: Any) -> dict[str, Any]:  # noqa: ANN401 - batchgeneratorsv2's signature
        """Draw whether the borders move, and where to."""
        moves, outwards = torch.rand(2).tolist()
        return {"moves": moves < self.probability, "outwards": outwards < 0.5}

    def _apply_to_segmentation(self, segmentation: torch.Tensor, **params: Any) -> torch.Tensor:  # noqa: ANN401 - as above
        if not params["moves"]:
            return segmentation
        labels = segmentation[0].numpy()
        lesion = labels == self.lesion
        cross = _cross(labels.ndim, self.axes)
        if params["outwards"]:
            labels[binary_dilation(lesion, cross) & (labels == self.inside)] = self.lesion
        else:
            labels[lesion & ~_eroded(lesion, cross)] = self.inside
        return segmentation


def _cross(dimensions: int, axes: Sequence[int]) -> _Mask:
    """Mark a voxel and its neighbours along some axes."""
    from_middle = np.abs(np.indices((3,) * dimensions) - 1)
    along = list(axes)
    across = [axis for axis in range(dimensions) if axis not in along]
    result: _Mask = (from_middle[along].sum(axis=0) <= 1) & (from_middle[across].sum(axis=0) == 0)
    return result


def _eroded(lesion: _Mask, cross: _Mask) -> _Mask:
    """Erode, but for components (8 or 26 neighbours) of which nothing would be left."""
    left: _Mask = binary_erosion(lesion, cross, border_value=1)
    components = cc3d.connected_components(lesion.astype(np.uint8), connectivity=8 if lesion.ndim == 2 else 26)
    vanished = np.ones(int(components.max()) + 1, dtype=bool)
    vanished[components[left]] = False
    vanished[0] = False
    result: _Mask = left | vanished[components]
    return result
