from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.course import held_by
from nnunet_ext.cascade.prediction.opinions import OpinionSums, PassKind
from nnunet_ext.cascade.prediction.segmentation import Segmentation
from nnunet_ext.core.volume import Array
from tests.strategies import boxes

SHAPE = (6, 5, 4)
BOXES = st.lists(boxes(SHAPE), min_size=1, max_size=3)


def segmentation(seed: int) -> Segmentation:
    rng = np.random.default_rng(seed)
    soft, spread, *passes = (
        {name: rng.random(SHAPE).astype(np.float32) for name in ("sc", "lesion")} for _ in range(5)
    )
    sums = OpinionSums(PassKind.FOLDS, len(passes))
    for one in passes:
        sums.add(one)
    return Segmentation({name: rng.random(SHAPE) > 0.5 for name in ("sc", "lesion")}, soft, spread, sums.told())


def values(found: Segmentation) -> list[Any]:
    arrays = [one for part in (found.masks, found.probabilities, found.disagreement) for one in part.values()]
    opinions = [array for one in found.opinions.values() for array in (one.mean, one.entropy, one.votes)]
    assert len(opinions) == 6
    return [*arrays, *opinions]


@given(boxes=BOXES)
def test_a_change_reaches_every_array_and_keeps_its_type(boxes: Sequence[Box]) -> None:
    found, held = segmentation(1), held_by(boxes, SHAPE)
    for one, kept in zip(values(found), values(found.changed(lambda part: part * held)), strict=True):
        assert kept.dtype == one.dtype
        np.testing.assert_array_equal(kept[held], one[held])
        assert not kept[~held].any()


@given(boxes=BOXES)
def test_a_change_takes_the_same_array_of_another(boxes: Sequence[Box]) -> None:
    old, new, held = segmentation(1), segmentation(2), held_by(boxes, SHAPE)

    def chosen(before: Array, fresh: Array) -> Array:
        merged: Array = before * ~held + fresh * held
        return merged

    merged_all = old.changed(chosen, new)
    for one, other, merged in zip(values(old), values(new), values(merged_all), strict=True):
        assert merged.dtype == one.dtype
        np.testing.assert_array_equal(merged[held], other[held])
        np.testing.assert_array_equal(merged[~held], one[~held])
