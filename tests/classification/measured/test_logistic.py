import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.classification.judge.auc import auc
from nnunet_ext.classification.judge.calibration.log_loss import log_loss
from nnunet_ext.classification.measured.contributions import contributions
from nnunet_ext.classification.measured.design import Values
from nnunet_ext.classification.measured.fit_logistic import STRENGTHS, fit_logistic
from nnunet_ext.classification.measured.logistic import LogisticModel
from nnunet_ext.classification.measured.models_file import read_models, write_models
from nnunet_ext.classification.measured.node_patients import NodePatients
from nnunet_ext.classification.measured.scaling import Scaling
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from tests.classification.measured.drawn import BRANCHES, COLUMNS, deal, draw_patients, draw_rows
from tests.strategies import SEEDS


def any_model(seed: int, branches: int) -> LogisticModel:
    rng = np.random.default_rng(seed)
    count = len(COLUMNS)
    scaling = Scaling(
        COLUMNS,
        COLUMNS[:2],
        tuple(rng.normal(size=count).tolist()),
        tuple(rng.normal(size=count).tolist()),
        tuple(rng.uniform(0.1, 9, count).tolist()),
    )
    coefficients = rng.normal(size=(branches, count + 2))
    centred = (coefficients - coefficients.mean(axis=0)).tolist()
    intercepts = rng.normal(size=branches)
    return LogisticModel(
        branches=BRANCHES[:branches],
        scaling=scaling,
        gaps=("enhancement", "female"),
        gap_shares=(0.2, 0.5),
        coefficients=tuple(tuple(each) for each in centred),
        intercepts=tuple((intercepts - intercepts.mean()).tolist()),
        strength=0.1,
    )


@pytest.mark.parametrize("branches", [2, 3])
def test_a_fitted_model_says_more_of_new_patients_than_their_shares(branches: int) -> None:
    model, new = fit_logistic(draw_patients(100, branches)), draw_patients(100, branches, seed=5)
    loss = log_loss(new.truth, model.predict(new.rows))
    assert loss is not None
    assert loss < 0.92 * np.log(branches)


@given(SEEDS, st.sampled_from([2, 3]), st.integers(0, 5), st.integers(1, 3))
def test_contributions_and_baseline_sum_to_the_logits(seed: int, branches: int, patients: int, folds: int) -> None:
    rows = draw_rows(np.arange(patients) % branches, seed, apart=5)
    models = [any_model(seed + fold, branches) for fold in range(folds)]
    parts = contributions(models, rows)
    logs = np.mean([np.log(model.predict(rows)) for model in models], axis=0)
    expected = logs[:, :1] - logs[:, 1:] if branches == 2 else logs - logs.mean(axis=1, keepdims=True)
    assert parts.speaks_for == BRANCHES[: 1 if branches == 2 else branches]
    assert parts.terms.shape == (patients, len(parts.speaks_for), len(COLUMNS))
    assert parts.logits == pytest.approx(expected, abs=1e-9)
    assert parts.baseline + parts.terms.sum(axis=2) == pytest.approx(expected, abs=1e-9)


def test_a_measure_at_the_training_mean_says_nothing_and_the_telling_one_most() -> None:
    patients = draw_patients(100, apart=2.0)
    rows = [dict(row, age_years=None, n_lesions=None, female=None) for row in patients.rows]
    patients = replace(patients, rows=rows)
    parts = contributions([fit_logistic(patients)], patients.rows)
    assert set(parts.measures) == {"total_volume_mm3", "dorsal_position", "enhancement", "enhancing_share"}
    weight = np.abs(parts.terms[:, 0]).mean(axis=0)
    assert {parts.measures[place] for place in np.argsort(-weight)[:2]} == {"total_volume_mm3", "dorsal_position"}
    volume = parts.terms[:, 0, parts.measures.index("total_volume_mm3")]
    assert np.corrcoef(volume, patients.truth)[0, 1] < -0.3  # speaks for the first branch, whose lesions are small


def test_a_measure_that_a_folds_model_has_not_adds_nothing_there() -> None:
    patients = draw_patients(60)
    models = [fit_logistic(replace(patients, columns=COLUMNS[:count])) for count in (2, 4)]
    both, first = contributions(models, patients.rows), contributions(models[:1], patients.rows)
    second = contributions(models[1:], patients.rows)
    assert both.measures == second.measures
    assert both.terms[:, :, 2:] == pytest.approx(second.terms[:, :, 2:] / 2)
    assert both.logits == pytest.approx((first.logits + second.logits) / 2)


def out_of_fold(patients: NodePatients) -> Values:
    found = np.zeros((len(patients.truth), len(patients.branches)))
    for training, rows, _ in patients.inner():
        place = np.setdiff1d(np.arange(len(patients.truth)), [patients.rows.index(row) for row in training.rows])
        nested = replace(training, folds=deal(len(training.truth)))
        found[place] = fit_logistic(nested).predict(rows)
    return found


def test_out_of_fold_true_diagnoses_are_told_and_permuted_ones_are_not() -> None:
    patients = draw_patients(80, apart=1.5)
    permuted = replace(patients, truth=np.random.default_rng(1).permutation(patients.truth))
    told, guessed = out_of_fold(patients), out_of_fold(permuted)
    assert (auc(patients.truth == 1, told[:, 1]).value or 0) > 0.85
    assert (auc(permuted.truth == 1, guessed[:, 1]).value or 1) < 0.65
    loss = log_loss(permuted.truth, guessed)
    assert loss is not None
    assert loss > 0.66


def test_measures_of_no_use_are_held_at_zero_by_the_inner_folds() -> None:
    assert fit_logistic(draw_patients(80, apart=0.0)).strength < fit_logistic(draw_patients(80, apart=3.0)).strength
    assert fit_logistic(replace(draw_patients(80), folds=())).strength == STRENGTHS[0]


def test_measures_that_are_missing_together_have_one_gap() -> None:
    model = fit_logistic(draw_patients(80))
    assert model.gaps == ("enhancement", "female")
    assert fit_logistic(draw_patients(80, missing=0.0)).gaps == ("female",)


def test_a_measure_that_was_never_missing_may_be_missing_later() -> None:
    model = fit_logistic(draw_patients(80))
    found = model.predict([{}, {"age_years": 1e12, "total_volume_mm3": 1e30}])
    assert found.sum(axis=1) == pytest.approx(1)
    assert found.min() > 0.001  # what no training patient had does not make it sure


def test_the_mean_probability_is_the_share_of_the_branch() -> None:
    truth = np.repeat([0, 1], [90, 30])
    patients = NodePatients(draw_rows(truth, 3), truth, BRANCHES[:2], COLUMNS, deal(120))
    assert fit_logistic(patients).predict(patients.rows).mean(axis=0) == pytest.approx([0.75, 0.25], abs=0.05)


def test_an_inner_fold_without_which_a_branch_has_nobody_is_passed_over() -> None:
    patients = draw_patients(60)
    alone = [np.flatnonzero(patients.truth == 1), np.flatnonzero(patients.truth == 0)]
    assert fit_logistic(replace(patients, folds=alone)).strength == STRENGTHS[0]
    assert list(replace(patients, folds=alone).inner()) == []


def test_training_without_a_patient_of_a_branch_is_refused_by_name() -> None:
    patients = draw_patients(20)
    with pytest.raises(DataRefusedError, match="found none of other"):
        replace(patients, branches=BRANCHES)
    with pytest.raises(DataRefusedError, match="a branch for each of 19"):
        replace(patients, rows=patients.rows[1:])
    for folds in ([np.array([0, 1]), np.array([1])], [np.array([20])], [np.array([-1])]):
        with pytest.raises(DataRefusedError, match="each of 20 patients once"):
            replace(patients, folds=folds)


def test_a_file_gives_the_same_model_back(tmp_path: Path) -> None:
    models = {"kind": fit_logistic(draw_patients(40)), "tumour": fit_logistic(draw_patients(42, 3))}
    write_models(tmp_path / "logistic.json", models)
    assert read_models(tmp_path / "logistic.json", LogisticModel.from_json) == models


@pytest.mark.parametrize(
    "change",
    [
        {"coefficients": [[1.0]]},
        {"coefficients": None},
        {"intercepts": [0.0]},
        {"intercepts": [0.0, None]},
        {"gaps": ["age"]},
        {"gap_shares": [1.0, 0.5]},
        {"branches": ["a"]},
        {"scaling": {}},
        {"strength": "much"},
        {"weights": []},
    ],
)
def test_damaged_numbers_are_refused_with_the_file(tmp_path: Path, change: dict[str, object]) -> None:
    path, good = tmp_path / "logistic.json", any_model(0, 2)

    class Damaged:
        def to_json(self) -> dict[str, object]:
            return good.to_json() | change

    write_models(path, {"kind": Damaged()})
    with pytest.raises(FileRefusedError, match=r"logistic\.json: numbers of a model"):
        read_models(path, LogisticModel.from_json)


def test_prediction_needs_no_scikit_learn(tmp_path: Path) -> None:
    write_models(tmp_path / "logistic.json", {"kind": any_model(0, 2)})
    program = """
import sys
from pathlib import Path
from nnunet_ext.classification.measured.logistic import LogisticModel
from nnunet_ext.classification.measured.models_file import read_models
print(read_models(Path(sys.argv[1]), LogisticModel.from_json)["kind"].predict([{}]).shape, "sklearn" in sys.modules)
"""
    command = [sys.executable, "-c", program, str(tmp_path / "logistic.json")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "(1, 2) False\n"
