import tracemalloc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.ingest.effort import Effort, effort, total
from nnunet_ext.core.volume import Array
from tests.strategies import masks


@given(masks(), st.integers(0, 2))
def test_accepting_costs_nothing(mask: Array, axis: int) -> None:
    assert effort(mask, mask.copy(), 2.0, axis) == Effort()


@given(masks(), masks(), st.integers(0, 2))
def test_effort_is_the_symmetric_difference_and_the_same_both_ways(one: Array, two: Array, axis: int) -> None:
    forth, back = effort(one, two, 2.0, axis), effort(two, one, 2.0, axis)
    assert forth.voxels_changed == back.voxels_changed == np.count_nonzero(one != two)
    assert forth.slices == back.slices
    assert len(forth.slices) == sum(not np.array_equal(a, b) for a, b in zip(
        np.moveaxis(one, axis, 0), np.moveaxis(two, axis, 0), strict=True
    ))  # fmt: skip
    assert (forth.objects_added, forth.objects_removed) == (back.objects_removed, back.objects_added)
    assert forth.volume_change_mm3 == -back.volume_change_mm3 == 2.0 * (int(two.sum()) - int(one.sum()))


def test_objects_that_are_moved_apart_are_one_removed_and_one_added() -> None:
    before, after = np.zeros((2, 9, 9, 9), bool)
    before[1:3, 1:3, 1:3] = after[6:8, 6:8, 6:8] = True
    before[4, 0, 0] = after[4, 0, 0] = after[4, 1, 0] = True  # one that grew is the same
    found = effort(before, after, 1.0, 2)
    assert (found.objects_added, found.objects_removed, found.voxels_changed) == (1, 1, 17)
    assert found.slices == {0, 1, 2, 6, 7}


def test_a_slice_in_which_two_regions_changed_counts_once() -> None:
    one, two = Effort(3, frozenset({1, 2}), 1, 0, 3.0), Effort(2, frozenset({2}), 0, 1, -2.0)
    assert total([one, two]) == Effort(5, frozenset({1, 2}), 1, 1, 1.0)
    assert total([]) == Effort()


def test_of_a_large_volume_that_is_mostly_empty_only_what_is_drawn_is_numbered() -> None:
    before, after = np.zeros((2, 150, 150, 150), bool, order="C")
    before[70:80, 70:80] = True
    after[70:80, 70:80, 1:] = True
    tracemalloc.start()
    try:
        found = effort(before, after, 1.0, 2)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (found.voxels_changed, found.objects_added, found.objects_removed) == (100, 0, 0)
    assert peak < 4 * before.nbytes
