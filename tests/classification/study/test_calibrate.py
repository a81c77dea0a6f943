import numpy as np

from nnunet_ext.classification.classifier.tempered import tempered
from nnunet_ext.classification.judge.arrays import Values
from nnunet_ext.classification.judge.calibration.ece import ece
from nnunet_ext.classification.study.calibrate import calibrate
from nnunet_ext.classification.study.measured_patient import MeasuredPatient
from nnunet_ext.classification.study.training_set import TrainingSet
from nnunet_ext.classification.taxonomy import load_taxonomy

TREE = load_taxonomy()


def drawn(patients: int, sureness: float, seed: int = 0) -> tuple[TrainingSet, dict[str, Values]]:
    """Patients whose diagnosis is drawn by probabilities, and what a model says that is too sure of them."""
    rng = np.random.default_rng(seed)
    chances = {node: rng.beta(2, 2, patients) for node in TREE.decisions}
    kinds = ["tumour" if rng.random() < chance else "demyelination" for chance in chances["kind"]]
    leaves = tuple(TREE.branches(kind)[0 if rng.random() < chances[kind][at] else 1] for at, kind in enumerate(kinds))
    people = tuple(MeasuredPatient(f"site/{at:04d}", {}) for at in range(patients))
    folds = tuple(tuple(one.person for one in people[fold::5]) for fold in range(5))
    said = {}
    for node, chance in chances.items():
        odds = np.exp(sureness * np.log(chance / (1 - chance)))
        said[node] = np.stack([odds / (1 + odds), 1 / (1 + odds)], axis=1)
    return TrainingSet(TREE, people, leaves, ("site",) * patients, folds), said


def test_a_model_that_is_too_sure_is_made_less_sure_by_as_much() -> None:
    training, said = drawn(1500, sureness=3.0)
    found = calibrate(training, said)
    assert all(2.2 < found.temperatures[node] < 4 for node in TREE.decisions)
    truth = training.branch_at("kind")
    before = ece(truth, said["kind"]).top_label
    after = ece(truth, tempered(said, found.temperatures)["kind"]).top_label
    assert before is not None
    assert after is not None
    assert after < before / 2


def test_thresholds_stay_near_one_half_where_probabilities_are_right() -> None:
    training, said = drawn(1500, sureness=1.0)
    assert all(abs(threshold - 0.5) < 0.15 for threshold in calibrate(training, said).thresholds.values())


def test_no_fold_has_a_say_in_how_its_own_patients_are_tempered() -> None:
    training, said = drawn(300, sureness=3.0)
    changed = {node: values.copy() for node, values in said.items()}
    first = training.fold_of == 0
    changed["kind"][first] = changed["kind"][first][:, ::-1]
    one, other = (calibrate(training, given).calibration.probabilities for given in (said, changed))
    flipped = other[first][:, [2, 3, 0, 1]].sum(axis=1)  # sums to 1 whatever is said
    assert np.allclose(flipped, 1)
    tumour, before = other[first][:, :2].sum(axis=1), one[first][:, :2].sum(axis=1)
    assert np.allclose(tumour, 1 - before)  # by the same temperature, which the other folds alone give


def test_patients_whom_a_node_does_not_concern_have_no_say_in_it() -> None:
    training, said = drawn(200, sureness=2.0)
    changed = {node: values.copy() for node, values in said.items()}
    outside = training.branch_at("tumour") < 0
    changed["tumour"][outside] = 0.5
    one, other = calibrate(training, said), calibrate(training, changed)
    assert one.temperatures["tumour"] == other.temperatures["tumour"]
    assert one.thresholds["tumour"] == other.thresholds["tumour"]
