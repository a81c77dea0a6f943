import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from nnunet_ext.classification.judge.conformal.conformal import Conformal, fit_conformal
from nnunet_ext.classification.judge.conformal.prediction_sets import prediction_sets
from nnunet_ext.classification.judge.conformal.score import Score, strangeness
from nnunet_ext.classification.judge.conformal.set_figures import set_figures
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.volume import Array
from tests.strategies import SEEDS, diagnosed

SCORES = st.sampled_from(Score)
ASKED = st.floats(0.05, 0.95)


def exchangeable(count: int, rng: np.random.Generator, weights: Array | None = None) -> tuple[Array, Array]:
    """Draw patients of three classes, and probabilities that are too sure and partly wrong."""
    truth = rng.choice(3, count, p=weights)
    return truth, special.softmax(2 * rng.normal(size=(count, 3)) + 2 * np.eye(3)[truth], axis=1)


def held(found: Conformal, truth: Array, probabilities: Array, uniform: Array | None = None) -> Array:
    sets = prediction_sets(found, probabilities, uniform)
    return np.asarray(sets[np.arange(len(truth)), truth])


@pytest.mark.parametrize(("score", "randomised"), [(Score.LAC, False), (Score.APS, False), (Score.APS, True)])
@pytest.mark.parametrize("asked", [0.8, 0.9])
def test_on_exchangeable_patients_sets_hold_the_truth_as_often_as_asked(
    score: Score, asked: float, *, randomised: bool
) -> None:
    rng, shares = np.random.default_rng(0), []
    for _ in range(400):
        fit, test = exchangeable(59, rng), exchangeable(100, rng)
        u_fit, u_test = (rng.uniform(size=59), rng.uniform(size=100)) if randomised else (None, None)
        found = fit_conformal(*fit, asked, score, uniform=u_fit)
        shares.append(held(found, *test, u_test).mean())
    assert np.mean(shares) > asked - 0.006  # the mean of 400 has a standard error of 0.003
    if score is Score.LAC or randomised:
        assert np.mean(shares) < asked + 1 / 60 + 0.006  # Lei et al. 2018, theorem 2


def test_by_class_the_rare_class_is_held_as_often_too() -> None:
    rng, weights = np.random.default_rng(1), np.array([0.8, 0.1, 0.1])
    whole: list[float] = []
    apart: list[float] = []
    for _ in range(200):
        truth, probabilities = exchangeable(300, rng, weights)
        probabilities = probabilities * [4.0, 1.0, 1.0]
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        fit, test = slice(0, 200), slice(200, None)
        rare = truth[test] == 1
        for by_class, shares in ((False, whole), (True, apart)):
            found = fit_conformal(truth[fit], probabilities[fit], 0.9, by_class=by_class)
            shares.append(float(held(found, truth[test], probabilities[test])[rare].mean()))
    assert np.mean(whole) < 0.8
    assert np.mean(apart) > 0.89


@given(diagnosed(3), SCORES, ASKED)
def test_the_threshold_is_that_of_the_smallest_rank_that_is_enough(
    drawn: tuple[Array, Array], score: Score, asked: float
) -> None:
    truth, probabilities = drawn
    found = fit_conformal(truth, probabilities, asked, score)
    n = truth.size
    assert found.patients == (n, n, n)
    (end,) = set(found.thresholds)
    if end is None:
        assert n / (n + 1) < asked
        assert prediction_sets(found, probabilities).all()
        return
    own = strangeness(probabilities, score)[np.arange(n), truth]
    assert (own <= end).sum() / (n + 1) >= asked - 1e-9
    assert (own < end).sum() / (n + 1) < asked
    assert held(found, truth, probabilities).sum() / (n + 1) >= asked - 1e-9


@given(diagnosed(4), SCORES, ASKED, ASKED)
def test_asking_for_more_never_takes_a_diagnosis_out(
    drawn: tuple[Array, Array], score: Score, one: float, other: float
) -> None:
    smaller, larger = (prediction_sets(fit_conformal(*drawn, asked, score), drawn[1]) for asked in sorted((one, other)))
    assert (larger | ~smaller).all()


@given(diagnosed(4), SCORES, SEEDS)
def test_a_likelier_class_is_never_stranger_and_the_order_of_classes_is_nothing(
    drawn: tuple[Array, Array], score: Score, seed: int
) -> None:
    probabilities = drawn[1]
    uniform = np.random.default_rng(seed).uniform(size=len(probabilities))
    for own in (None, uniform):
        found = strangeness(probabilities, score, own)
        assert ((found >= 0) & (found <= 1)).all()
        likelier = probabilities[:, :, np.newaxis] > probabilities[:, np.newaxis, :]
        assert (found[:, :, np.newaxis] <= found[:, np.newaxis, :] + 1e-11)[likelier].all()
        order = np.random.default_rng(seed).permutation(4)
        assert np.allclose(strangeness(probabilities[:, order], score, own), found[:, order])


def test_scores_worked_by_hand_come_out() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2]])
    assert strangeness(probabilities, Score.LAC).tolist() == [[0.5, 0.7, 0.8]]
    assert strangeness(probabilities, Score.APS).tolist() == [[0.5, 0.8, 1.0]]
    assert strangeness(probabilities, Score.APS, np.array([0.5])).tolist() == [[0.25, 0.65, 0.9]]
    nine = np.stack([np.arange(1, 10) / 10, 1 - np.arange(1, 10) / 10], axis=1)
    assert fit_conformal(np.zeros(9, int), nine, 0.9).thresholds == (0.9, 0.9)  # ceil(10 * 0.9) is the ninth
    assert fit_conformal(np.zeros(9, int), nine, 0.8).thresholds == (0.8, 0.8)
    assert fit_conformal(np.zeros(9, int), nine, 0.91).thresholds == (None, None)
    assert fit_conformal(np.zeros(9, int), nine, 0.8, by_class=True) == Conformal(Score.LAC, 0.8, (0.8, None), (9, 0))


def made_up(count: int, shift: int) -> tuple[Array, Array]:
    row, column = np.arange(count)[:, np.newaxis], np.arange(3)
    weights = 1 + ((row * 37 + column * 53 + shift) % 101) / 10
    turn = (row[:, 0] * 7 + shift) % 10
    return np.where(turn < 6, weights.argmax(axis=1), turn % 3), weights / weights.sum(axis=1, keepdims=True)


def test_the_sets_are_those_of_mapie() -> None:
    """MAPIE 1.6.0, SplitConformalClassifier(confidence_level=0.8, conformity_score="lac", prefit=True)."""
    found = fit_conformal(*made_up(50, 3), 0.8)
    assert found.thresholds[0] == pytest.approx(0.58918919)
    sets = prediction_sets(found, made_up(12, 40)[1]).astype(int)
    assert ["".join(map(str, row)) for row in sets] == [
        "010",
        "001",
        "010",
        "101",
        "001",
        "010",
        "101",
        "100",
        "010",
        "001",
        "010",
        "010",
    ]


@given(SEEDS)
def test_adaptive_scores_are_sums_of_sorted_probabilities(seed: int) -> None:
    """Romano et al. 2020, equations 5 to 8, by sorting, where no two classes are as likely."""
    rng = np.random.default_rng(seed)
    probabilities, uniform = rng.dirichlet(np.ones(5), 20), rng.uniform(size=20)
    falling = np.argsort(-probabilities, axis=1)
    ordered = np.take_along_axis(probabilities, falling, axis=1)
    below = ordered.cumsum(axis=1) - ordered
    found = np.take_along_axis(strangeness(probabilities, Score.APS, uniform), falling, axis=1)
    assert np.allclose(found, below + uniform[:, np.newaxis] * ordered)
    plain = np.take_along_axis(strangeness(probabilities, Score.APS), falling, axis=1)
    assert np.allclose(plain, ordered.cumsum(axis=1))


def test_without_validation_every_diagnosis_is_possible() -> None:
    found = fit_conformal([], np.empty((0, 2)), 0.5)
    assert found.thresholds == (None, None)
    assert prediction_sets(found, np.array([[1.0, 0.0]])).all()


@pytest.mark.parametrize("asked", [0.0, 1.0, 90.0, float("nan")])
def test_a_coverage_that_is_no_share_is_refused(asked: float) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        fit_conformal([0], [[0.5, 0.5]], asked)


def test_sets_are_judged_by_what_they_hold_and_how_many_say_something() -> None:
    sets = [[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 1, 0], [1, 1, 1]]
    found = set_figures([0, 1, 1, 0, 0], sets)
    assert (found.coverage.value, found.abstained.value, found.empty.value) == (0.6, 0.6, 0.2)
    assert (found.right.value, found.right.count, found.mean_size) == (0.5, 2, 1.4)
    assert [each.value for each in found.coverage_by_class] == [pytest.approx(2 / 3), 0.5, None]


def test_of_no_patient_nothing_is_said_of_sets_and_what_is_no_set_is_refused() -> None:
    found = set_figures([], np.empty((0, 2), bool))
    assert (found.coverage.value, found.abstained.value, found.right.value, found.mean_size) == (None,) * 4
    with pytest.raises(DataRefusedError, match="shape"):
        set_figures([0], [True])
    with pytest.raises(DataRefusedError, match="found 1 and 2"):
        set_figures([0], [[True, False]] * 2)
