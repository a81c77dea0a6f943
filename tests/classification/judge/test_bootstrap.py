from functools import partial

import numpy as np
import pytest
from hypothesis import given

from nnunet_ext.classification.judge.age_groups import age_groups
from nnunet_ext.classification.judge.arrays import Classes, Values
from nnunet_ext.classification.judge.auc import auc
from nnunet_ext.classification.judge.bootstrap import bootstrap
from nnunet_ext.classification.judge.bootstrap_difference import bootstrap_difference
from nnunet_ext.classification.judge.by_group import by_group
from nnunet_ext.classification.judge.decide import decide
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.macro_auc import macro_auc
from nnunet_ext.classification.judge.resample import Resampling, resample
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Array
from tests.strategies import diagnosed

FEW = Resampling(times=200, seed=3)


def accuracy(truth: Classes, probabilities: Values) -> float | None:
    return float((decide(probabilities) == truth).mean()) if truth.size else None


def area(truth: Classes, probabilities: Values) -> Estimate:
    return auc(truth == 1, probabilities[:, 1])


def two_classes(count: int, seed: int, apart: float = 1.5) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, count)
    second = 1 / (1 + np.exp(-rng.normal(size=count) - apart * (truth - 0.5)))
    return truth, np.stack([1 - second, second], axis=1)


def test_the_interval_of_an_area_comes_near_delongs() -> None:
    truth, probabilities = two_classes(200, 0)
    there, found = area(truth, probabilities), bootstrap(macro_auc, truth, probabilities, Resampling(1000, 0))
    assert found.value == pytest.approx(there.value)
    assert (found.count, found.method) == (200, "percentile")
    assert (found.low, found.high) == pytest.approx((there.low, there.high), abs=0.012)


def test_the_same_seed_gives_the_same_interval_and_another_one_another() -> None:
    drawn = two_classes(30, 1)
    first, again = (bootstrap(accuracy, *drawn, FEW) for _ in range(2))
    assert first == again
    assert first != bootstrap(macro_auc, *drawn, Resampling(times=200, seed=4))


@given(diagnosed(3, least=1))
def test_a_draw_that_is_stratified_keeps_every_class(drawn: tuple[Array, Array]) -> None:
    truth = drawn[0]
    for chosen in resample(truth, Resampling(times=5, stratified=True)):
        assert sorted(truth[chosen]) == sorted(truth)
    for chosen in resample(truth, Resampling(times=5)):
        assert chosen.size == truth.size


@given(diagnosed(3))
def test_whatever_the_patients_nothing_is_raised_and_no_nan_is_given(drawn: tuple[Array, Array]) -> None:
    for statistic in (accuracy, macro_auc):
        found = bootstrap(statistic, *drawn, Resampling(times=20))
        ends = (found.value, found.low, found.high)
        assert all(end is None or np.isfinite(end) for end in ends)
        assert (found.low is None) == (found.high is None)


def test_draws_without_a_figure_are_left_out_and_counted() -> None:
    truth = np.array([0, 0, 0, 0, 1, 1])
    probabilities = np.stack([1 - truth * 0.9, truth * 0.9], axis=1)
    found = bootstrap(macro_auc, truth, probabilities, FEW)
    assert found.method.startswith("percentile, undefined in ")
    whole = bootstrap(macro_auc, truth, probabilities, Resampling(200, 3, stratified=True))
    assert whole.method == "percentile"
    rare = bootstrap(lambda labels, _: None if labels[0] else 1.0, np.array([0, 1, 1, 1]), np.eye(2)[[0, 1, 1, 1]], FEW)
    assert (rare.value, rare.low, rare.method) == (1.0, None, "n/a")


def test_one_patient_and_none_have_no_interval() -> None:
    assert bootstrap(accuracy, [1], [[0.2, 0.8]], FEW) == Estimate(1.0, None, None, 1, "n/a")
    assert bootstrap(accuracy, [], np.empty((0, 2)), FEW) == Estimate(None, None, None, 0, "n/a")
    nothing = bootstrap_difference(accuracy, [], np.empty((0, 2)), np.empty((0, 2)), FEW)
    assert nothing == Estimate(None, None, None, 0, "n/a")


def test_the_difference_of_two_is_of_the_same_patients() -> None:
    truth, good = two_classes(80, 2, 4.0)
    bad = np.stack([good.mean(axis=1)] * 2, axis=1)
    found = bootstrap_difference(macro_auc, truth, bad, good, FEW)
    assert found.low is not None
    assert found.low > 0.2
    same = bootstrap_difference(macro_auc, truth, good, good, FEW)
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)


def test_each_group_is_judged_for_itself_and_one_of_a_single_class_is_said_to_be() -> None:
    truth, probabilities = two_classes(60, 5)
    groups = np.where(truth == 1, "Lyon", "Porto")
    groups[:30] = "Oslo"
    lyon, oslo, porto = by_group(area, truth, probabilities, groups.tolist())
    assert [each.group for each in (lyon, oslo, porto)] == ["Lyon", "Oslo", "Porto"]
    assert oslo.figure == area(truth[:30], probabilities[:30])
    assert sum(oslo.patients) == 30
    assert porto.patients == (int((groups == "Porto").sum()), 0)
    assert (lyon.patients[0], lyon.figure.value, porto.figure.value) == (0, None, None)
    drawn = by_group(partial(bootstrap, accuracy, resampling=FEW), truth, probabilities, groups.tolist())
    assert drawn[1].figure == bootstrap(accuracy, truth[:30], probabilities[:30], FEW)
    with pytest.raises(DataRefusedError, match="60 patients"):
        by_group(area, truth, probabilities, ["Lyon"])


def test_children_stand_apart() -> None:
    assert age_groups([3, 17.9, 18, 50, None]) == ("under 18", "under 18", "18 and over", "18 and over", "n/a")
    assert age_groups([17, 18, 40, 60], (18, 40)) == ("under 18", "18 to 39", "40 and over", "40 and over")


def test_a_threshold_moves_the_decision_between_two() -> None:
    probabilities = np.array([[0.7, 0.3], [0.5, 0.5], [0.1, 0.9]])
    assert decide(probabilities).tolist() == [0, 0, 1]
    assert decide(probabilities, 0.3).tolist() == [1, 1, 1]
    assert decide(probabilities, 0.6).tolist() == [0, 0, 1]
