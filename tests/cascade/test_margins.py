from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.cascade.box import Box, Margins, cord_box, faces, outside
from nnunet_ext.cascade.margins import LOST_MM, needed_margins, plan_margins
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Array, Volume
from tests.cascade.field import AFFINE, CORD, drawn, random_cord
from tests.strategies import AXES, SEEDS


def random_labels(seed: int, shape: tuple[int, ...]) -> Array:
    generator = np.random.default_rng(seed)
    labels = np.zeros(shape, dtype=np.uint8)
    for _ in range(4):
        labels[tuple(generator.integers(0, shape))] = 1
    return labels


@given(seed=SEEDS, axes=AXES)
def test_the_needed_margins_keep_every_label_voxel_and_no_smaller_ones_do(seed: int, axes: str) -> None:
    cord = random_cord(seed, axes)
    labels = random_labels(seed, cord.data.shape)
    needed = needed_margins(cord, labels)
    if needed is None:
        assert not cord.data.any()
        return
    box = cord_box(cord, needed)
    assert box is not None
    assert outside(labels, box) == 0
    for axis, pair in enumerate(faces(cord.axes)):
        for face in pair:
            voxel_less = needed.by_face()[face] - cord.spacing[axis]
            if voxel_less > -0.5 * cord.spacing[axis]:
                less = cord_box(cord, replace(needed, **{face: max(0.0, voxel_less)}))
                assert less is not None
                assert outside(labels, less) > 0


@given(seeds=st.lists(SEEDS, min_size=1, max_size=7, unique=True), reserve=st.floats(0, 9))
def test_planned_margins_keep_every_label_voxel_but_those_of_a_case_that_is_left_out(
    seeds: list[int], reserve: float
) -> None:
    cords = {str(seed): random_cord(seed) for seed in seeds}
    labels = {case: random_labels(int(case), cord.data.shape) for case, cord in cords.items()}
    needs = {case: needed_margins(cord, labels[case]) for case, cord in cords.items()}
    known = {case: need for case, need in needs.items() if need is not None}
    if not known:
        return
    plan = plan_margins(known, reserve)
    left_out = {need.case for need in plan.needs.values() if need.lost}
    assert len(known) >= 5 or not left_out
    for case in known.keys() - left_out:
        box = cord_box(cords[case], plan.margins)
        assert box is not None
        assert outside(labels[case], box) == 0
    for face, need in plan.needs.items():
        assert known[need.case].by_face()[face] == pytest.approx(need.needed_mm, abs=1e-3)
        assert known[need.case].by_face()[face] == max(one.by_face()[face] for one in known.values())
        reach = need.relied_on_mm + reserve
        assert reach <= plan.margins.by_face()[face] + 1e-3 < reach + 1.01


def test_the_case_that_decides_is_named_and_what_would_do_without_it() -> None:
    near, far = Margins(2, 2, 2, 2, 2, 2), Margins(120, 1, 1, 1, 1, 1)
    plan = plan_margins({"a": near, "b": far}, reserve_mm=5)
    assert plan.margins.by_face() == {"superior": 125, **dict.fromkeys(list(near.by_face())[1:], 7)}
    assert plan.content()["faces"]["superior"] == {
        "mm": 125,
        "needed_mm": 120,
        "case": "b",
        "without_it_mm": 2,
        "case_left_out": False,
    }
    assert plan.content()["faces"]["left"]["case"] == "a"


def test_among_five_one_case_whose_cord_was_lost_does_not_widen_the_box_of_all() -> None:
    near = {name: Margins(2, 2, 2, 2, 2, index) for index, name in enumerate("abcd")}
    for needed, expected, left_out in ((2 + LOST_MM + 1, 7, True), (2 + LOST_MM, 7 + LOST_MM, False)):
        plan = plan_margins({**near, "e": Margins(needed, 1, 1, 1, 1, 1)}, reserve_mm=5)
        assert plan.margins == Margins(expected, 7, 7, 7, 7, 8)
        told = plan.content()["faces"]["superior"]
        assert (told["case"], told["needed_mm"], told["case_left_out"]) == ("e", needed, left_out)
    two = {**near, "e": Margins(90, 1, 1, 1, 1, 1), "f": Margins(80, 1, 1, 1, 1, 1)}
    assert plan_margins(two, reserve_mm=5).margins.superior == 95  # two are no accident


def test_labels_within_the_predicted_cord_need_no_margin() -> None:
    cord = Volume(drawn(CORD), AFFINE)
    assert needed_margins(cord, drawn()) == Margins(0, 0, 0, 0, 0, 0)
    assert needed_margins(cord, drawn(CORD)) == Margins(0, 0, 0, 0, 0, 0)


def test_each_face_needs_the_distance_on_its_own_side() -> None:
    labels = drawn(Box((15, 16, 3), (24, 21, 24)))
    assert needed_margins(Volume(drawn(CORD), AFFINE), labels) == Margins(6, 0, 2, 3, 1, 0)


def test_where_no_cord_is_predicted_no_margin_helps() -> None:
    assert needed_margins(Volume(drawn(), AFFINE), drawn(CORD)) is None


def test_no_case_at_all_is_refused() -> None:
    with pytest.raises(DataRefusedError, match="--margins-file"):
        plan_margins({})
