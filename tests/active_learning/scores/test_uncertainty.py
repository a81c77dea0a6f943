"""The four scores of doubt, against sums by hand and against what must hold of them."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.scores.bald import bald
from nnunet_ext.active_learning.scores.class_entropy import class_entropy
from nnunet_ext.active_learning.scores.cord_zone import CordZone, cord_zone
from nnunet_ext.active_learning.scores.disagreement import disagreement
from nnunet_ext.active_learning.scores.region_entropy import region_entropy
from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.prediction.opinions import Opinions
from nnunet_ext.core.volume import Array
from tests.active_learning.scores.opined import all_of, opined

Measure = Callable[[Opinions, CordZone], float]
MEASURES: list[Measure] = [region_entropy, bald, disagreement, class_entropy]
LN2 = math.log(2)
PASSES = st.lists(st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4), min_size=2, max_size=6)


def test_doubt_inside_what_is_predicted_counts_as_much_as_beside_it() -> None:
    for p in (0.1, 0.9):
        opinions = opined([p])
        assert region_entropy(opinions, all_of(opinions)) == pytest.approx(0.325, abs=5e-4)


def test_entropies_are_summed_and_shared_out_over_the_voxels_of_the_cord() -> None:
    opinions = opined([0.5, 0.5, 0.1, 1.0], [0.5, 0.5, 0.1, 1.0])
    assert region_entropy(opinions, all_of(opinions, 4)) == pytest.approx((2 * LN2 + 0.325083) / 4, abs=1e-6)
    assert class_entropy(opinions, all_of(opinions, 4)) == pytest.approx((LN2 + 0.0325083) / 4, abs=1e-6)


def test_passes_that_are_sure_of_opposite_things_inform_and_passes_that_are_both_unsure_do_not() -> None:
    opposite, unsure = opined([0.0], [1.0]), opined([0.5], [0.5])
    assert region_entropy(opposite, all_of(opposite)) == region_entropy(unsure, all_of(unsure))
    assert bald(opposite, all_of(opposite)) == pytest.approx(LN2)
    assert bald(unsure, all_of(unsure)) == 0
    mixed = opined([0.1], [0.9])  # H(0.5) less H(0.1)
    assert bald(mixed, all_of(mixed)) == pytest.approx(LN2 - 0.325083, abs=1e-6)


def test_disagreement_is_one_less_the_mean_dice_of_all_pairs() -> None:
    opinions = opined([0.9, 0.9, 0.1, 0.0], [0.9, 0.1, 0.1, 0.0], [0.1, 0.1, 0.9, 0.0])
    # Two and one voxel, one of them in common: 2/3; no voxel in common: 0, twice.
    assert disagreement(opinions, all_of(opinions)) == pytest.approx(1 - (2 / 3) / 3)


@pytest.mark.parametrize(
    ("passes", "expected"),
    [
        (([0.1, 0.2], [0.3, 0.0]), 0.0),  # nothing twice: they agree
        (([0.1, 0.2], [0.9, 0.0]), 1.0),  # one finds something where the other finds nothing
        (([0.1, 0.2], [0.9, 0.0], [0.8, 0.1]), 1 - 1 / 3),
    ],
)
def test_passes_that_find_nothing_agree_with_each_other_alone(passes: tuple[list[float], ...], expected: float) -> None:
    opinions = opined(*passes)
    assert disagreement(opinions, all_of(opinions)) == pytest.approx(expected)


def test_a_single_pass_has_nobody_to_disagree_with() -> None:
    opinions = opined([0.9, 0.1])
    assert math.isnan(disagreement(opinions, all_of(opinions)))
    assert bald(opinions, all_of(opinions)) == pytest.approx(0, abs=1e-7)


def test_more_passes_than_bits_of_a_byte_are_kept_apart() -> None:
    opinions = opined(*[[0.9, 0.1]] * 9, [0.1, 0.9])
    assert disagreement(opinions, all_of(opinions)) == pytest.approx(9 / 45)


@given(passes=PASSES)
def test_scores_keep_within_their_bounds(passes: list[list[float]]) -> None:
    opinions = opined(*passes)
    zone = all_of(opinions, 4)
    assert 0 <= bald(opinions, zone) <= region_entropy(opinions, zone) + 1e-6
    assert 0 <= class_entropy(opinions, zone) <= region_entropy(opinions, zone) + 1e-6
    assert region_entropy(opinions, zone) <= LN2 + 1e-6
    assert -1e-12 <= disagreement(opinions, zone) <= 1


@given(passes=PASSES)
def test_what_is_region_and_what_is_not_can_be_exchanged(passes: list[list[float]]) -> None:
    opinions, turned = opined(*passes), opined(*(1 - np.array(passes, np.float32)))
    for measure in (region_entropy, bald):
        assert measure(opinions, all_of(opinions)) == pytest.approx(measure(turned, all_of(turned)), abs=1e-5)


@given(passes=PASSES, data=st.data())
def test_the_order_of_the_passes_decides_nothing(passes: list[list[float]], data: st.DataObject) -> None:
    opinions, other = opined(*passes), opined(*data.draw(st.permutations(passes)))
    for measure in MEASURES:
        assert measure(opinions, all_of(opinions)) == pytest.approx(measure(other, all_of(other)), abs=1e-5)


@given(seed=st.integers(0, 999), air=st.tuples(*[st.tuples(st.integers(0, 4), st.integers(0, 4))] * 3))
def test_air_around_an_image_decides_nothing(seed: int, air: tuple[tuple[int, int], ...]) -> None:
    rng = np.random.default_rng(seed)
    # So far from the faces that the zone ends within the image.
    passes = [np.pad(rng.random((3, 3, 6)), 4) for _ in range(3)]
    cord = np.pad(np.ones((3, 3, 6), np.bool_), 4)

    def scores(pad: Callable[[Array], Array]) -> list[float]:
        zone = cord_zone(pad(cord), (1.0, 1.0, 3.0))
        assert zone is not None
        return [measure(opined(*map(pad, passes)), zone) for measure in MEASURES]

    assert scores(lambda values: np.pad(values, air)) == scores(lambda values: values)


def test_only_the_zone_is_scored() -> None:
    opinions = opined([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])
    zone = CordZone(Box((1, 0, 0), (3, 1, 1)), np.array([[[True]], [[False]]]), 1)
    assert region_entropy(opinions, zone) == pytest.approx(LN2)
