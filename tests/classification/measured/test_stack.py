from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.classification.judge.calibration.log_loss import log_loss
from nnunet_ext.classification.measured.models_file import read_models, write_models
from nnunet_ext.classification.measured.stack import StackModel, cross_fit_stack, fit_stack
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Array
from tests.classification.measured.drawn import BRANCHES, deal
from tests.strategies import SEEDS

TWO = BRANCHES[:2]


def evidence(truth: Array, seed: int, apart: float, branches: int = 2) -> Array:
    logits = np.random.default_rng(seed).normal(size=(len(truth), branches)) + apart * np.eye(branches)[truth]
    odds = np.exp(apart * logits)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def test_a_stack_trusts_what_tells_and_not_what_guesses() -> None:
    truth = np.arange(200) % 2
    given_ = {
        "logistic": evidence(truth, 1, 1.5),
        "network": evidence(truth, 2, 0.0),
        "boosting": evidence(truth, 3, 1.2),
    }
    given_["network"] = evidence(np.random.default_rng(0).permutation(truth), 2, 1.5)
    weights = dict(zip(given_, fit_stack(given_, truth, TWO).weights, strict=True))
    assert weights["network"] < 0.1
    assert min(weights["logistic"], weights["boosting"]) > 0.5


def test_two_that_know_different_things_know_more_together_out_of_fold() -> None:
    truth = np.arange(120) % 3
    given_ = {"logistic": evidence(truth, 1, 1.2, 3), "network": evidence(truth, 2, 1.2, 3)}
    both = log_loss(truth, cross_fit_stack(given_, truth, BRANCHES, deal(120)))
    assert both is not None
    assert both < min(log_loss(truth, each) or 0 for each in given_.values()) - 0.05


def test_permuted_truth_is_not_told_out_of_fold() -> None:
    truth = np.random.default_rng(7).permutation(np.arange(100) % 2)
    given_ = {"logistic": evidence(np.arange(100) % 2, 1, 1.5), "network": evidence(np.arange(100) % 2, 2, 1.5)}
    loss = log_loss(truth, cross_fit_stack(given_, truth, TWO, deal(100)))
    assert loss is not None
    assert 0.65 < loss < 0.85


def test_a_patients_own_truth_does_not_reach_their_out_of_fold_answer() -> None:
    truth = np.arange(60) % 2
    given_ = {"logistic": evidence(truth, 1, 1.0), "network": evidence(truth, 2, 1.0)}
    folds = deal(60)
    turned = truth.copy()
    turned[folds[0]] = 1 - turned[folds[0]]
    first, second = (cross_fit_stack(given_, each, TWO, folds)[folds[0]] for each in (truth, turned))
    assert np.array_equal(first, second)


@given(SEEDS, st.integers(0, 12), st.integers(2, 3), st.integers(1, 3))
def test_weights_are_shares_and_answers_are_probabilities(seed: int, count: int, branches: int, kinds: int) -> None:
    truth = np.random.default_rng(seed).integers(0, branches, count)
    given_ = {str(kind): evidence(truth, seed + kind, 2.0, branches) for kind in range(kinds)}
    model = fit_stack(given_, truth, BRANCHES[:branches])
    assert all(0 <= weight <= 1 for weight in model.weights)
    found = model.predict(given_)
    assert found.shape == (count, branches)
    assert found.sum(axis=1) == pytest.approx(1)
    assert StackModel.from_json(model.to_json()) == model


def test_few_patients_leave_the_mean_of_the_logarithms() -> None:
    model = fit_stack({"a": np.full((1, 2), 0.5), "b": np.full((1, 2), 0.5)}, [0], TWO)
    assert model.weights == pytest.approx((0.5, 0.5))
    assert abs(model.intercepts[0]) < 0.2


def test_what_does_not_fit_together_is_refused() -> None:
    truth = np.arange(10) % 2
    good = evidence(truth, 0, 1.0)
    for given_ in ({}, {"a": good[1:]}, {"a": good, "b": good[:5]}, {"a": np.ones((10, 2))}, {"a": good * np.nan}):
        with pytest.raises(DataRefusedError):
            fit_stack(given_, truth, TWO)
    with pytest.raises(DataRefusedError, match="none by a"):
        fit_stack({"a": good}, truth, TWO).predict({"b": good})
    for folds in ([np.arange(9)], [np.arange(10), np.arange(1)]):
        with pytest.raises(DataRefusedError):
            cross_fit_stack({"a": good}, truth, TWO, folds)


def test_a_file_gives_the_same_stack_back_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    good = StackModel(TWO, ("logistic", "network"), (0.25, 1.0), (0.1, -0.1))
    write_models(tmp_path / "both.json", {"kind": good})
    assert read_models(tmp_path / "both.json", StackModel.from_json) == {"kind": good}
    changes: list[dict[str, object]] = [
        {"weights": [-0.1, 1]},
        {"weights": [1]},
        {"evidences": []},
        {"branches": ["a"]},
        {"more": 1},
    ]
    for change in changes:
        with pytest.raises(ValueError, match=r".+"):
            StackModel.from_json(good.to_json() | change)
