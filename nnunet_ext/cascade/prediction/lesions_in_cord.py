"""Two models in the place of one: the cord as one of them sees it, with the lesions that the other finds."""

from collections.abc import Sequence
from functools import reduce

import numpy as np

from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.prediction.segmentation import CaseSegmenter, Segmentation
from nnunet_ext.core.labels import CORD, union
from nnunet_ext.core.volume import Volume


class LesionsInCord:
    """A `CaseSegmenter` of two.

    Parameters
    ----------
    cord
        Has the region `sc`. Boxes are those that it was trained with, else those of the other.
    lesions
        Has the region `sc` and lesions that are parts of it. Where it finds one is cord, too, whatever the other says.
    """

    def __init__(self, cord: CaseSegmenter, lesions: CaseSegmenter) -> None:
        self._cord, self._lesions = cord, lesions
        self.name = f"{cord.name} + {lesions.name}"
        self.regions = lesions.regions
        self.crop_margins = cord.crop_margins or lesions.crop_margins  # of which either takes one box only

    def segment(self, images: Sequence[Volume], boxes: Sequence[Box] = ()) -> Segmentation:
        """Segment one case with both, as `CaseSegmenter` has it."""
        return self._merged(self._cord.segment(images, boxes), self._lesions.segment(images, boxes))

    def nothing(self, shape: Sequence[int]) -> Segmentation:
        """Give what is found in an image without a cord."""
        return self._lesions.nothing(shape)

    def _merged(self, cord: Segmentation, found: Segmentation) -> Segmentation:
        parts = [name for name in self.regions if name != CORD]
        masks = {**found.masks, CORD: union([cord.masks[CORD], *(found.masks[name] for name in parts)])}
        probabilities = dict(found.probabilities)
        if cord.probabilities:
            each = [cord.probabilities[CORD], *(probabilities[name] for name in parts)]
            probabilities[CORD] = reduce(np.maximum, each)
        opinions = {**found.opinions, **{name: one for name, one in cord.opinions.items() if name == CORD}}
        return Segmentation(masks, probabilities, {**found.disagreement, **cord.disagreement}, opinions)
