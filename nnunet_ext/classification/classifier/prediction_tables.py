"""The tables of predicted patients: what is said of each, on which evidence, and what spoke for and against."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nnunet_ext.classification.classifier.decision import decision
from nnunet_ext.classification.evidence import Evidence
from nnunet_ext.classification.judge.arrays import Mask, Values
from nnunet_ext.classification.taxonomy import Taxonomy
from nnunet_ext.classification.tree_probabilities import tree_probabilities
from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.cell_lists import join_list
from nnunet_ext.core.tables import table_text

PREDICTIONS: Final = "predictions.tsv"
EVIDENCE: Final = "evidence.tsv"
CONTRIBUTIONS: Final = "contributions.tsv"

ALIKE: Final = "alike"
UNLIKE_TRAINING: Final = "unlike_training"

_PREDICTION_COLUMNS: Final = {
    "person": "The patient, dataset/subject",
    "evidence": "What the decision rests on: the one that training recommended, unless another was asked for",
    "diagnosis": "The likeliest diagnosis",
    "probability": "Its calibrated probability",
    "decision": "What can be said at the coverage asked for: the deepest branch of the tree that holds the whole set, "
    "or not sure",
    "set": "Diagnoses that cannot be left out at the coverage asked for, with ; between them",
    "flags": "no_lesion: no lesion was found; no_cord: no cord; alike: several diagnoses cannot be told apart; "
    "unlike_training: measures unlike those of all training patients; with ; between them",
    "masks": "predicted or manual: whose lesion masks",
    "channels": "Contrasts that there was an image of, with ; between them",
    "notes": "What a reader of the numbers should know, with ; between sentences",
}
_EVIDENCE_COLUMNS: Final = {
    "person": "The patient",
    "evidence": "logistic, boosting, network, or both",
    "branch": "Of the tree, inner ones too",
    "probability": "Calibrated, down the tree: of this branch among all patients",
    "untempered": "The same before calibration",
}
_CONTRIBUTION_COLUMNS: Final = {
    "person": "The patient",
    "node": "Decision of the tree",
    "for": "The branch that a positive contribution speaks for",
    "measure": "Column of measures.tsv",
    "value": "The patient's value; n/a where it is missing, and the training patients' median was taken",
    "contribution": "To the log-odds of the branch, from the average training patient: exact, of the mean of the "
    "logistic models",
}


@dataclass(frozen=True, eq=False)
class PredictedPatient:
    """What is said of one patient.

    Parameters
    ----------
    person, channels, flags, notes
        As they were measured.
    conditional, untempered
        For each evidence and node P(branch | node), shape (branches,).
    kept
        Diagnoses that cannot be left out, by the evidence that counts.
    contributions
        For each node and measure its value and contribution.
    """

    person: str
    channels: tuple[str, ...]
    flags: tuple[str, ...]
    notes: tuple[str, ...]
    conditional: Mapping[Evidence, Mapping[str, Values]]
    untempered: Mapping[Evidence, Mapping[str, Values]]
    kept: tuple[str, ...]
    contributions: Mapping[str, Mapping[str, tuple[float | None, float]]]


def prediction_columns(taxonomy: Taxonomy) -> dict[str, str]:
    """Give the columns of `predictions.tsv` with their meaning."""
    branches = {f"p_{name}": f"Calibrated probability of {name}" for name in _branches(taxonomy)}
    return {**_PREDICTION_COLUMNS, **branches}


def predictions_tsv(taxonomy: Taxonomy, evidence: Evidence, masks: str, patients: Iterable[PredictedPatient]) -> str:
    """Write what is said of each patient, a row each."""
    rows = []
    for one in patients:
        found = _down_the_tree(taxonomy, one.conditional[evidence])
        likeliest = max(taxonomy.diagnoses, key=lambda name: found[name])
        texts = {
            "person": one.person,
            "evidence": str(evidence),
            "diagnosis": likeliest,
            "probability": found[likeliest],
            "decision": decision(taxonomy, one.kept),
            "set": join_list(one.kept),
            "flags": join_list(one.flags),
            "masks": masks,
            "channels": join_list(one.channels),
            "notes": join_list(one.notes),
        }
        rows.append(as_row({**texts, **{f"p_{name}": value for name, value in found.items()}}))
    return table_text(rows, list(prediction_columns(taxonomy)))


def evidence_tsv(taxonomy: Taxonomy, patients: Iterable[PredictedPatient]) -> str:
    """Write each evidence's probabilities of each branch, a row each."""
    rows = []
    for one in patients:
        for evidence, conditional in one.conditional.items():
            found, before = (_down_the_tree(taxonomy, each) for each in (conditional, one.untempered[evidence]))
            for branch in _branches(taxonomy):
                values = {"probability": found[branch], "untempered": before[branch]}
                rows.append(as_row({"person": one.person, "evidence": str(evidence), "branch": branch, **values}))
    return table_text(rows, list(_EVIDENCE_COLUMNS))


def contributions_tsv(taxonomy: Taxonomy, patients: Iterable[PredictedPatient]) -> str:
    """Write what each measure adds to each decision, the weightiest first."""
    rows = []
    for one in patients:
        for node, measures in one.contributions.items():
            heaviest = sorted(measures.items(), key=lambda item: -abs(item[1][1]))
            first = taxonomy.branches(node)[0]
            rows += [
                as_row({"person": one.person, "node": node, "for": first, "measure": name, "value": value,
                        "contribution": weight})
                for name, (value, weight) in heaviest
            ]  # fmt: skip
    return table_text(rows, list(_CONTRIBUTION_COLUMNS))


def table_dictionaries(taxonomy: Taxonomy) -> dict[str, dict[str, dict[str, str]]]:
    """Give each table's data dictionary, ready for JSON, by the table's name."""
    named = {
        PREDICTIONS: prediction_columns(taxonomy),
        EVIDENCE: _EVIDENCE_COLUMNS,
        CONTRIBUTIONS: _CONTRIBUTION_COLUMNS,
    }
    return {
        table: {column: {"Description": text} for column, text in columns.items()} for table, columns in named.items()
    }


def kept_diagnoses(taxonomy: Taxonomy, inside: Mask) -> tuple[str, ...]:
    """Name the diagnoses of one patient's set, shape (diagnoses,)."""
    return tuple(name for name, there in zip(taxonomy.diagnoses, inside, strict=True) if there)


def _branches(taxonomy: Taxonomy) -> Sequence[str]:
    return [branch for node in taxonomy.decisions for branch in taxonomy.branches(node)]


def _down_the_tree(taxonomy: Taxonomy, conditional: Mapping[str, Values]) -> dict[str, float]:
    found = tree_probabilities(taxonomy, {node: values[None] for node, values in conditional.items()})
    return {branch: float(values[0]) for branch, values in found.items()}
