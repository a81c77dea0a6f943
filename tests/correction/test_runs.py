import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.labels import Mask
from nnunet_ext.correction import runs
from nnunet_ext.correction.runs import MOST_RUNS, mask_of, read_runs, runs_of
from tests.strategies import masks, shapes

ANY_MASK = masks(shapes(7), often=None)


@given(ANY_MASK, st.sampled_from("CF"))
def test_a_mask_comes_back_from_its_runs_whatever_its_shape_and_order_in_memory(mask: Mask, order: str) -> None:
    stored = np.asarray(mask, order="F" if order == "F" else "C")
    numbers = runs_of(stored).ravel().tolist()
    assert np.array_equal(mask_of(read_runs(numbers, mask.size), mask.shape), mask)


@given(ANY_MASK)
def test_runs_grow_do_not_touch_and_count_with_the_first_axis_fastest(mask: Mask) -> None:
    found = runs_of(mask)
    assert found[:, 1].min(initial=1) >= 1
    assert (found[1:, 0] > found[:-1].sum(axis=1)).all()
    drawn = np.zeros(mask.size, dtype=np.bool_)
    for start, length in found:
        drawn[start : start + length] = True
    i, j, k = np.unravel_index(np.flatnonzero(drawn), mask.shape, order="F")
    assert mask[i, j, k].all()
    assert len(i) == np.count_nonzero(mask)


def test_runs_that_touch_are_joined() -> None:
    assert read_runs([0, 2, 2, 3, 7, 1], 8).tolist() == [[0, 5], [7, 1]]


def test_no_run_is_an_empty_mask() -> None:
    assert not mask_of(read_runs([], 8), (2, 2, 2)).any()


@pytest.mark.parametrize(
    "numbers",
    [
        [0, 9],
        [8, 1],
        [7, 2],
        [-1, 2],
        [0, 0],
        [0, -1],
        [0, 3, 2, 1],
        [4, 1, 0, 1],
        [0],
        [0.0, 1],
        ["0", 1],
        [True, 1],
        [float("nan"), 1],
        [2**70, 1],
        [0, 2**63 - 1],
        [[0, 1]],
        "01",
        {"0": 1},
        None,
    ],
)
def test_runs_that_are_no_runs_of_the_volume_are_refused(numbers: object) -> None:
    with pytest.raises(ValueError, match="needed"):
        read_runs(numbers, 8)


def test_runs_by_the_million_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MOST_RUNS", 1000)
    assert MOST_RUNS > 1000
    with pytest.raises(ValueError, match="at most 1000 runs"):
        read_runs([0, 1] * 1001, 8)
