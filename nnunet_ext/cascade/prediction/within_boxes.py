"""Segmentations that hold in some boxes of their image."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.course import held_by
from nnunet_ext.cascade.prediction.segmentation import Segmentation


def only_in(boxes: Sequence[Box], found: Segmentation) -> Segmentation:
    """Drop what lies in none of the boxes."""
    held = held_by(boxes, _shape(found))

    def kept(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: one * held for name, one in values.items()}

    return Segmentation(kept(found.masks), kept(found.probabilities), kept(found.disagreement))


def renewed(before: Segmentation, fresh: Segmentation, boxes: Sequence[Box]) -> Segmentation:
    """Take in the boxes what is fresh, and elsewhere what was found before; both are on one grid."""
    held = held_by(boxes, _shape(before))

    def chosen(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
        return {name: np.where(held, new[name], one) for name, one in old.items()}

    return Segmentation(
        chosen(before.masks, fresh.masks),
        chosen(before.probabilities, fresh.probabilities),
        chosen(before.disagreement, fresh.disagreement),
    )


def _shape(found: Segmentation) -> tuple[int, ...]:
    return next(iter(found.masks.values())).shape
