import numpy as np
import pytest
from hypothesis import given
from scipy import stats
from sklearn import metrics

from nnunet_ext.classification.judge.auc import auc
from nnunet_ext.classification.judge.delong import delong
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.one_vs_rest import one_vs_rest
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Array
from tests.classification.judge.ovarian import ALBUMIN, KG_SCORE, POSITIVE, PROTEIN
from tests.strategies import diagnosed


# SAS/STAT 9.2, LOGISTIC, ROC Association Statistics of these data: area, standard error, 95 % Wald limits
@pytest.mark.parametrize(
    ("scores", "area", "error", "low", "high"),
    [
        (KG_SCORE, 0.7258, 0.1028, 0.5243, 0.9273),
        (PROTEIN, 0.6478, 0.1000, 0.4518, 0.8439),
        (ALBUMIN, 0.7366, 0.0927, 0.5549, 0.9182),
    ],
)
def test_the_areas_of_delongs_own_data_come_out(
    scores: Array, area: float, error: float, low: float, high: float
) -> None:
    found = auc(POSITIVE, scores)
    assert (found.value, found.low, found.high) == pytest.approx((area, low, high), abs=5e-5)
    areas = delong(POSITIVE > 0, scores[np.newaxis])
    assert areas is not None
    assert areas.covariance is not None
    assert np.sqrt(areas.covariance[0, 0]) == pytest.approx(error, abs=5.1e-5)


@given(diagnosed(2, least=2))
def test_it_is_the_share_of_pairs_in_order_and_delongs_placements(drawn: tuple[Array, Array]) -> None:
    truth, scores = drawn[0] > 0, drawn[1][:, 1]
    found = auc(truth, scores)
    with_it, without = scores[truth], scores[~truth]
    if not with_it.size or not without.size:
        assert found == Estimate(None, None, None, len(truth), "n/a")
        return
    apart = with_it[:, np.newaxis] - without
    wins = (apart > 0) + (apart == 0) / 2
    assert found.value == pytest.approx(wins.mean())
    assert found.value == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert found.value == pytest.approx(stats.mannwhitneyu(with_it, without).statistic / apart.size)
    areas = delong(truth, scores[np.newaxis])
    assert areas is not None
    if areas.covariance is None:
        assert min(apart.shape) == 1
    else:  # the slow form of 1988
        spread = wins.mean(axis=1).var(ddof=1) / len(with_it) + wins.mean(axis=0).var(ddof=1) / len(without)
        assert areas.covariance[0, 0] == pytest.approx(spread)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


@given(diagnosed(2, least=2))
def test_turning_the_scores_turns_the_area(drawn: tuple[Array, Array]) -> None:
    truth, scores = drawn[0] > 0, drawn[1][:, 1]
    there, back, raised = auc(truth, scores), auc(truth, -scores), auc(truth, np.exp(3 * scores))
    assert raised == there
    if there.value is not None and there.low is not None:
        assert back.value == pytest.approx(1 - there.value)
        assert back.high == pytest.approx(1 - there.low)


def test_classes_that_are_apart_still_have_an_interval_with_a_width() -> None:
    few, many = (auc([0] * n + [1] * n, range(2 * n)) for n in (5, 50))
    assert (few.value, few.high, few.method) == (1.0, 1.0, "Newcombe")
    assert few.low is not None
    assert many.low is not None
    assert few.low < 0.75
    assert 0.93 < many.low < 1
    # Newcombe 2006, method 5, spelled out at the end that was found
    more, end, z = 4, few.low, stats.norm.ppf(0.975)
    spread = end * (1 - end) * (1 + more * (1 - end) / (2 - end) + more * end / (1 + end)) / 25
    assert 1 - end == pytest.approx(z * np.sqrt(spread), rel=1e-6)


def test_the_interval_holds_the_true_area_as_often_as_it_says() -> None:
    rng, true, held = np.random.default_rng(0), float(stats.norm.cdf(1 / np.sqrt(2))), 0
    truth = np.repeat([0, 1], 40)
    for _ in range(1000):
        found = auc(truth, rng.normal(size=80) + truth)
        held += found.low is not None and found.high is not None and found.low <= true <= found.high
    assert 0.92 < held / 1000 < 0.97


@given(diagnosed(3, least=1))
def test_several_classes_are_judged_against_the_rest_as_scikit_learn_does(drawn: tuple[Array, Array]) -> None:
    truth, probabilities = drawn
    found = one_vs_rest(truth, probabilities)
    if len(set(truth)) < 3:
        assert found.macro is None
        return
    there = metrics.roc_auc_score(truth, probabilities, multi_class="ovr", average=None)
    assert [each.value for each in found.by_class] == pytest.approx(list(there))
    assert found.macro == pytest.approx(np.mean(there))
    assert found.macro == pytest.approx(np.mean([each.value or 0.0 for each in found.by_class]))


@given(diagnosed(2))
def test_of_two_classes_both_areas_are_the_same(drawn: tuple[Array, Array]) -> None:
    first, second = one_vs_rest(*drawn).by_class
    assert first.value == pytest.approx(second.value)


def test_scores_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(DataRefusedError, match="finite"):
        auc([0, 1], [0.5, np.nan])
    with pytest.raises(DataRefusedError, match="sum to 1"):
        one_vs_rest([0, 1], [[0.5, 0.4], [0.2, 0.8]])
    with pytest.raises(DataRefusedError, match="0 to 1"):
        one_vs_rest([0, 1], [[np.nan, 0.4], [0.2, 0.8]])
    with pytest.raises(DataRefusedError, match="shape"):
        one_vs_rest([0, 1], [0.4, 0.2])
