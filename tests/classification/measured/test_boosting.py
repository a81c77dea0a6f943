import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.classification.judge.auc import auc
from nnunet_ext.classification.judge.calibration.log_loss import log_loss
from nnunet_ext.classification.measured.boosting import BoostingModel
from nnunet_ext.classification.measured.boosting_file import read_boosting, write_boosting
from nnunet_ext.classification.measured.fit_boosting import LEAVES, TREES, fit_boosting
from nnunet_ext.core.errors import FileRefusedError, UnsafeModelError
from tests.classification.measured.drawn import draw_patients


@pytest.fixture(scope="module")
def fitted() -> BoostingModel:
    return fit_boosting(draw_patients(80, apart=1.5))


def test_a_fitted_model_tells_new_patients_apart(fitted: BoostingModel) -> None:
    new = draw_patients(100, seed=5, apart=1.5)
    assert (auc(new.truth == 1, fitted.predict(new.rows)[:, 1]).value or 0) > 0.85


def test_three_branches_with_rare_ones_keep_their_shares() -> None:
    patients = draw_patients(120, 3)
    some = np.flatnonzero((patients.truth > 0) | (np.arange(120) % 3 == 0))
    folds = [np.arange(first, len(some), 3) for first in range(3)]
    fewer = replace(
        patients, rows=[patients.rows[int(place)] for place in some], truth=patients.truth[some], folds=folds
    )
    model = fit_boosting(fewer)
    assert model.shares[0] < 0.25
    assert model.predict(fewer.rows).mean(axis=0) == pytest.approx(model.shares, abs=0.1)
    assert model.predict([]).shape == (0, 3)
    assert model.predict([{}]).sum() == pytest.approx(1)


def test_permuted_diagnoses_are_not_told_by_patients_left_out() -> None:
    patients = draw_patients(80, apart=1.5)
    permuted = replace(patients, truth=np.random.default_rng(1).permutation(patients.truth))
    half = np.arange(40)
    training = replace(permuted, rows=permuted.rows[:40], truth=permuted.truth[:40], folds=[half[::2], half[1::2]])
    found = fit_boosting(training).predict(permuted.rows[40:])
    loss = log_loss(permuted.truth[40:], found)
    assert loss is not None
    assert loss > 0.64


def test_the_same_seed_gives_the_same_model_and_another_one_another() -> None:
    patients = replace(draw_patients(60, apart=3.0), folds=draw_patients(60).folds[:2])
    first, again, other = (fit_boosting(patients, seed).predict(patients.rows) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_without_an_inner_fold_that_can_be_trained_the_smallest_model_is_taken() -> None:
    patients = draw_patients(40)
    alone = [np.flatnonzero(patients.truth == 1), np.flatnonzero(patients.truth == 0)]
    trees = fit_boosting(replace(patients, folds=alone)).trees
    assert (trees.max_iter, trees.max_leaf_nodes) == (TREES[0], LEAVES[0])


def test_a_file_gives_the_same_answers_also_when_written_again(fitted: BoostingModel, tmp_path: Path) -> None:
    rows = [*draw_patients(30, seed=9).rows, {}]
    write_boosting(tmp_path / "1.skops", fitted)
    write_boosting(tmp_path / "2.skops", read_boosting(tmp_path / "1.skops"))
    read = read_boosting(tmp_path / "2.skops")
    assert (read.branches, read.columns, read.shares) == (fitted.branches, fitted.columns, fitted.shares)
    assert np.array_equal(read.predict(rows), fitted.predict(rows))


def test_three_branches_come_back_from_a_file(tmp_path: Path) -> None:
    patients = draw_patients(45, 3)
    model = fit_boosting(replace(patients, folds=()))
    write_boosting(tmp_path / "kind.skops", model)
    assert np.array_equal(read_boosting(tmp_path / "kind.skops").predict(patients.rows), model.predict(patients.rows))


def test_only_types_of_a_short_list_are_read_and_others_named(fitted: BoostingModel, tmp_path: Path) -> None:
    skops = pytest.importorskip("skops.io")
    path = tmp_path / "evil.skops"
    for content in (Path("somewhere"), replace(fitted, trees=None)):
        path.write_bytes(skops.dumps({"branches": ["a", "b"], "trees": content}))
        with pytest.raises(UnsafeModelError, match=type(content).__name__) as caught:
            read_boosting(path)
        assert caught.value.exit_code == 6


def _change_nodes(model: BoostingModel, field: str, value: object) -> None:
    for (tree,) in model.trees._predictors:
        tree.nodes[field][tree.nodes["is_leaf"] == 0] = value


@pytest.mark.parametrize(("field", "value"), [("left", 0), ("right", 2**31), ("feature_idx", 99), ("feature_idx", -1)])
def test_trees_that_lead_out_of_themselves_or_in_circles_are_refused(
    field: str, value: int, fitted: BoostingModel, tmp_path: Path
) -> None:
    write_boosting(tmp_path / "good.skops", fitted)
    model = read_boosting(tmp_path / "good.skops")
    _change_nodes(model, field, value)
    write_boosting(tmp_path / "bad.skops", model)
    with pytest.raises(UnsafeModelError, match="tree"):
        read_boosting(tmp_path / "bad.skops")


def _other_trees(model: BoostingModel) -> BoostingModel:
    return replace(model, trees=[1.0])


def _other_guess(model: BoostingModel) -> BoostingModel:
    model.trees._baseline_prediction = np.zeros((1, 3))
    return model


def _categories(model: BoostingModel) -> BoostingModel:
    _change_nodes(model, "is_categorical", 1)
    return model


def _fewer_trees(model: BoostingModel) -> BoostingModel:
    model.trees._predictors[0] = []
    return model


CHANGES: list[Callable[[BoostingModel], BoostingModel]] = [
    _other_trees,
    _other_guess,
    _categories,
    _fewer_trees,
    lambda model: replace(model, shares=(0.5,)),
    lambda model: replace(model, shares=(0.0, 1.0)),
    lambda model: replace(model, branches=("a", "a")),
    lambda model: replace(model, branches=("a", "b", "c"), shares=(0.2, 0.3, 0.5)),
]


@pytest.mark.parametrize("change", CHANGES)
def test_files_of_something_else_are_refused(
    change: Callable[[BoostingModel], BoostingModel], fitted: BoostingModel, tmp_path: Path
) -> None:
    write_boosting(tmp_path / "good.skops", fitted)
    write_boosting(tmp_path / "bad.skops", change(read_boosting(tmp_path / "good.skops")))
    with pytest.raises(UnsafeModelError, match=r"bad\.skops"):
        read_boosting(tmp_path / "bad.skops")


def test_what_a_file_hangs_onto_its_classifier_is_refused(fitted: BoostingModel, tmp_path: Path) -> None:
    write_boosting(tmp_path / "good.skops", fitted)
    model = read_boosting(tmp_path / "good.skops")
    model.trees._preprocessor = pytest.importorskip("sklearn.preprocessing").StandardScaler()
    write_boosting(tmp_path / "odd.skops", model)
    with pytest.raises(UnsafeModelError, match="StandardScaler"):
        read_boosting(tmp_path / "odd.skops")


def test_truncated_missing_and_foreign_files_are_refused(fitted: BoostingModel, tmp_path: Path) -> None:
    path = tmp_path / "a.skops"
    with pytest.raises(FileRefusedError, match="gradient boosting"):
        read_boosting(path)
    write_boosting(path, fitted)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnsafeModelError):
        read_boosting(path)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("schema.json", "{}")
    with pytest.raises(UnsafeModelError):
        read_boosting(path)
