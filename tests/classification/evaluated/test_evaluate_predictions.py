from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

from nnunet_ext.classification.evaluated.evaluate_predictions import Evaluated, evaluate_predictions
from nnunet_ext.classification.evaluated.evaluated_dictionary import TABLES
from nnunet_ext.classification.evaluated.read_predictions import read_predictions
from nnunet_ext.classification.judge.resample import Resampling
from nnunet_ext.classification.taxonomy import parse_taxonomy
from nnunet_ext.core.tables import NOTHING, Row
from tests.classification.evaluated.drawn import LEAVES, Drawn, DrawnPatient, cohort

FEW = Resampling(100)


def judged(drawn: Drawn, folder: Path) -> Evaluated:
    place = drawn.write(folder)
    return evaluate_predictions((place, read_predictions(place)), {}, FEW)


def only(rows: Sequence[Row], **wanted: str) -> Row:
    (row,) = (row for row in rows if all(row[column] == cell for column, cell in wanted.items()))
    return row


def value(rows: Sequence[Row], column: str = "value", **wanted: str) -> float:
    return float(only(rows, **wanted)[column])


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    return Drawn(cohort(15, readers=3))


@pytest.fixture(scope="module")
def evaluated(drawn: Drawn, tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    return judged(drawn, tmp_path_factory.mktemp("predicted"))


def test_every_table_has_the_columns_of_its_dictionary(evaluated: Evaluated) -> None:
    assert set(evaluated.tables) == set(TABLES)
    for name, rows in evaluated.tables.items():
        assert all(set(row) == set(TABLES[name]) for row in rows)
        assert rows or name == "compared.tsv"


def test_figures_are_those_of_scikit_learn(drawn: Drawn, evaluated: Evaluated) -> None:
    figures = evaluated.tables["figures.tsv"]
    truth = np.array([LEAVES.index(one.diagnosis) for one in drawn.patients])
    for evidence, given in drawn.probabilities().items():
        inside = truth >= 2
        ms = given[inside, 2] / given[inside, 2:].sum(axis=1)
        is_ms, said = truth[inside] == 2, ms >= 0.5
        keys = {"table": "all", "node": "demyelination", "evidence": evidence, "group": "all"}
        expected = {
            "accuracy": metrics.accuracy_score(is_ms, said),
            "sensitivity": metrics.recall_score(is_ms, said),
            "specificity": metrics.recall_score(~is_ms, ~said),
            "ppv": metrics.precision_score(is_ms, said),
            "npv": metrics.precision_score(~is_ms, ~said),
            "balanced_accuracy": metrics.balanced_accuracy_score(is_ms, said),
            "auc": metrics.roc_auc_score(is_ms, ms),
            "majority": 0.5,
        }
        assert {name: value(figures, **keys, figure=name) for name in expected} == pytest.approx(expected)
        keys = {"node": "diagnoses", "evidence": evidence}
        area = metrics.roc_auc_score(truth, given, multi_class="ovr")
        assert value(figures, **keys, table="all", group="all", figure="auc") == pytest.approx(area)
        assert value(figures, **keys, table="branches", group="branch: MS", figure="auc") == pytest.approx(
            metrics.roc_auc_score(truth == 2, given[:, 2])
        )
        row = only(evaluated.tables["calibration.tsv"], **keys, probabilities="tempered")
        assert float(row["log_loss"]) == pytest.approx(metrics.log_loss(truth, given))
        counts = metrics.confusion_matrix(truth, given.argmax(axis=1))
        found = [row for row in evaluated.tables["confusion.tsv"] if row["evidence"] == evidence]
        assert [int(row["patients"]) for row in found] == counts.ravel().tolist()


def test_groups_are_judged_by_their_own_patients(drawn: Drawn, evaluated: Evaluated) -> None:
    given = drawn.probabilities()["logistic"][:, :2].sum(axis=1)
    tumour = np.array([one.diagnosis in LEAVES[:2] for one in drawn.patients])
    children = np.array([one.age is not None and one.age < 18 for one in drawn.patients])
    keys = {"table": "groups", "node": "kind", "evidence": "logistic", "figure": "accuracy"}
    row = only(evaluated.tables["figures.tsv"], **keys, group="age: under 18")
    assert int(row["n"]) == children.sum()
    assert float(row["value"]) == pytest.approx(((given >= 0.5) == tumour)[children].mean())
    between = only(evaluated.tables["groups.tsv"], node="kind", grouping="age")
    assert float(between["auc_b"]) == pytest.approx(metrics.roc_auc_score(tumour[children], given[children]))


def test_a_threshold_moves_the_decisions_and_not_the_area(drawn: Drawn, evaluated: Evaluated, tmp_path: Path) -> None:
    record = {"thresholds": {"logistic": {"kind": 0.05}}}
    lenient = judged(replace(drawn, record=record), tmp_path).tables["figures.tsv"]
    keys = {"table": "all", "node": "kind", "evidence": "logistic", "group": "all"}
    figures = evaluated.tables["figures.tsv"]
    assert value(lenient, **keys, figure="sensitivity") > value(figures, **keys, figure="sensitivity")
    assert value(lenient, **keys, figure="auc") == value(figures, **keys, figure="auc")


def test_an_evidence_that_is_better_is_found_to_be(tmp_path: Path) -> None:
    drawn = Drawn(cohort(20), skill={"logistic": 0.0, "network": 4.0})
    row = only(judged(drawn, tmp_path).tables["differences.tsv"], node="kind")
    assert (row["evidence_a"], row["evidence_b"]) == ("logistic", "network")
    assert float(row["accuracy_difference_low"]) > 0
    assert max(float(row["p_mid"]), float(row["auc_p"])) < 0.01


def test_tempering_shows_in_the_calibration(tmp_path: Path) -> None:
    rows = judged(Drawn(cohort(60), heat=4.0), tmp_path).tables["calibration.tsv"]
    keys = {"node": "diagnoses", "evidence": "network"}
    before, after = (only(rows, **keys, probabilities=kind) for kind in ("untempered", "tempered"))
    assert all(float(after[column]) < float(before[column]) for column in ("ece", "brier", "log_loss"))


def test_the_sets_hold_the_truth_as_often_as_counted(drawn: Drawn, evaluated: Evaluated) -> None:
    given = drawn.probabilities()["logistic"]
    truth = [LEAVES.index(one.diagnosis) for one in drawn.patients]
    rows = [row for row in evaluated.tables["abstention.tsv"] if row["evidence"] == "logistic"]
    inside = given >= 0.2
    held = inside[np.arange(len(truth)), truth].mean()
    assert value(rows, node="diagnoses", figure="coverage") == pytest.approx(held)
    assert value(rows, node="diagnoses", figure="coverage_asked") == 0.9
    assert value(rows, node="diagnoses", figure="mean_size") == pytest.approx(inside.sum(axis=1).mean())
    one_kind = inside[:, :2].any(axis=1) != inside[:, 2:].any(axis=1)
    assert value(rows, node="kind", figure="decided") == pytest.approx(one_kind.mean())
    right = inside[one_kind][:, :2].any(axis=1) == (np.array(truth)[one_kind] < 2)
    assert value(rows, node="kind", figure="accuracy") == pytest.approx(right.mean())


def test_readers_stand_beside_the_model_on_the_patients_whom_they_answered_for(tmp_path: Path) -> None:
    patients = [
        DrawnPatient("p1", "MS", readers={"ann": "MS", "bob": "NMOSD"}),
        DrawnPatient("p2", "NMOSD", readers={"ann": "NMOSD", "bob": "demyelination"}),
        DrawnPatient("p3", "astrocytoma", readers={"ann": "MS", "bob": "other"}),
        DrawnPatient("p4", "ependymoma", readers={"ann": "tumour"}),
    ]
    rows = judged(Drawn(patients), tmp_path).tables["readers.tsv"]
    ann = only(rows, node="kind", reader="ann", against="truth", figure="accuracy")
    assert (float(ann["value"]), ann["n"]) == (0.75, "4")
    bob = only(rows, node="demyelination", reader="bob", against="truth", figure="accuracy")
    assert (float(bob["value"]), bob["n"]) == (0.0, "1")
    strictly = only(rows, node="diagnoses", reader="ann", against="truth", figure="accuracy_outside_wrong")
    assert (float(strictly["value"]), strictly["n"]) == (0.5, "4")
    outside = only(rows, node="tumour", reader="ann", against="truth", figure="outside")
    assert (float(outside["value"]), outside["n"]) == (1.0, "2")
    nobody = only(rows, node="tumour", reader="bob", against="truth", figure="accuracy")
    assert (nobody["value"], nobody["n"]) == (NOTHING, "0")
    voted = only(rows, node="demyelination", reader="majority vote", against="truth", figure="accuracy")
    assert voted["n"] == "1", "a draw is no vote"


def test_cases_on_which_readers_disagree_are_a_group(tmp_path: Path) -> None:
    said = {
        "agree": {"ann": "MS", "bob": "demyelination"},
        "torn": {"ann": "MS", "bob": "tumour"},
        "strange": {"ann": "MS", "bob": "other"},
        "alone": {"ann": "MS"},
    }
    patients = [DrawnPatient(name, "MS", readers=readers) for name, readers in said.items()]
    rows = judged(Drawn(patients), tmp_path).tables["figures.tsv"]
    groups = {row["group"]: row["n"] for row in rows if row["table"] == "groups" and row["figure"] == "accuracy"}
    assert groups == {"cases: readers agree": "1", "cases: readers disagree": "2", f"cases: {NOTHING}": "1"}


@pytest.mark.parametrize(
    "patients",
    [
        [DrawnPatient("one", "MS")],
        [DrawnPatient("one", "MS", site="", age=None, sex="", readers={"ann": "MS"})],
        [DrawnPatient(str(number), "MS", readers={"ann": "MS", "bob": "NMOSD"}) for number in range(5)],
        [DrawnPatient(f"{number}", LEAVES[number % 2], site=f"s{number}") for number in range(4)],
    ],
    ids=["one patient", "nothing known", "one class", "no demyelination"],
)
def test_what_is_not_defined_is_not_invented(patients: list[DrawnPatient], tmp_path: Path) -> None:
    found = judged(Drawn(patients), tmp_path)
    figures = found.tables["figures.tsv"]
    keys = {"table": "all", "evidence": "logistic", "group": "all", "figure": "auc"}
    assert only(figures, node="kind", **keys)["value"] == NOTHING
    assert only(figures, node="kind", table="all", evidence="logistic", group="all", figure="accuracy")["n"] == str(
        len(patients)
    )
    assert not found.leaks
    assert any(sentence.startswith("Few patients") for sentence in found.cautions)
    assert any("no patient to judge by" in sentence for sentence in found.findings)


def test_a_question_of_three_branches_is_judged_branch_by_branch(tmp_path: Path) -> None:
    nodes = {"kind": ["tumour", "MS", "MOGAD"], "tumour": ["astrocytoma", "ependymoma"]}
    tree = parse_taxonomy({"name": "three", "root": "kind", "nodes": nodes})
    patients = [DrawnPatient(str(number), tree.diagnoses[number % 4]) for number in range(40)]
    drawn = Drawn(patients, tree=tree)
    found = judged(drawn, tmp_path)
    given = drawn.probabilities()["logistic"]
    of_kind = np.column_stack([given[:, :2].sum(axis=1), given[:, 2:]])
    truth = np.array([max(0, number % 4 - 1) for number in range(40)])
    keys = {"node": "kind", "evidence": "logistic"}
    figures = found.tables["figures.tsv"]
    right = (of_kind.argmax(axis=1) == truth).mean()
    assert value(figures, **keys, table="all", group="all", figure="accuracy") == pytest.approx(right)
    area = metrics.roc_auc_score(truth == 2, of_kind[:, 2])
    assert value(figures, **keys, table="branches", group="branch: MOGAD", figure="auc") == pytest.approx(area)
    assert not [row for row in figures if row["node"] == "kind" and row["table"] == "all" and row["figure"] == "ppv"]
    between = only(found.tables["differences.tsv"], node="kind")
    assert (between["auc_method"], between["auc_p"]) == ("percentile", NOTHING)


def test_the_same_patients_give_the_same_tables(drawn: Drawn, evaluated: Evaluated, tmp_path: Path) -> None:
    assert judged(drawn, tmp_path).tables == evaluated.tables
