"""A segmenter that is a rule: what it finds can be told in advance, and how it is called is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nnunet_ext.cascade.box import Box, Margins
from nnunet_ext.cascade.course import held_by
from nnunet_ext.cascade.prediction.segmentation import Segmentation
from nnunet_ext.core.volume import Array, Volume

CORD_ABOVE, LESION_ABOVE = 100, 200


@dataclass
class Threshold:
    """Cord above 100 and lesion above 200 in the first image, as far as the box goes.

    Parameters
    ----------
    regions
        Those that it tells.
    crop_margins
        As of a model that was trained on boxed images.
    probabilities, disagreement
        Whether it gives them.
    fault
        Raised for images of this value in their first voxel.
    calls
        The boxes of each call; none for the whole image.
    """

    regions: tuple[str, ...] = ("sc", "lesion")
    crop_margins: Margins | None = None
    probabilities: bool = False
    disagreement: bool = False
    fault: tuple[int, BaseException] | None = None
    calls: list[tuple[Box, ...]] = field(default_factory=list)
    seen: list[tuple[Array, ...]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return "Dataset001_Rule/nnUNetTrainer__nnUNetPlans__3d_fullres"

    def segment(self, images: Sequence[Volume], boxes: Sequence[Box] = ()) -> Segmentation:
        self.calls.append(tuple(boxes))
        self.seen.append(tuple(image.data for image in images))
        data = images[0].data
        if self.fault is not None and data[0, 0, 0] == self.fault[0]:
            raise self.fault[1]
        inside = held_by(boxes or [Box.whole(data.shape)], data.shape)
        limits = {"sc": CORD_ABOVE, "lesion": LESION_ABOVE}
        masks = {name: (data > limits[name]) & inside for name in self.regions}
        soft = {name: (np.clip(data / (2 * limits[name]), 0, 1) * inside).astype(np.float32) for name in self.regions}
        return Segmentation(masks, soft if self.probabilities else {}, soft if self.disagreement else {})

    def nothing(self, shape: Sequence[int]) -> Segmentation:
        masks = {name: np.zeros(shape, np.bool_) for name in self.regions}
        soft = {name: np.zeros(shape, np.float32) for name in self.regions}
        return Segmentation(masks, soft if self.probabilities else {}, soft if self.disagreement else {})
