"""`leaks.tsv`: what makes the other tables worthless, as far as tables can show it."""

from typing import Final

import numpy as np

from nnunet_ext.classification.evaluated.person_digest import person_digest
from nnunet_ext.classification.evaluated.predictions import Predictions
from nnunet_ext.classification.evaluated.question import DIAGNOSES, Question, questions
from nnunet_ext.classification.judge.leaks.fact_rows import fact_rows
from nnunet_ext.classification.judge.leaks.one_class_sites import one_class_sites
from nnunet_ext.classification.judge.leaks.shared_people import shared_people
from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.tables import NOTHING, Row

PERSON: Final = "person"
SITE: Final = "site of one class"
FACT: Final = "fact"

_RARE: Final = 0.05  # a site of few patients has one class by chance
_COLUMNS: Final = (
    "kind", "node", "name", "diagnosis", "patients", "chance", "auc", "low", "high", "model_auc", "difference",
    "difference_low", "difference_high", "finding",
)  # fmt: skip


def leak_table(predictions: Predictions) -> list[Row]:
    """Look for people who trained the classifier, sites of one class, and facts that decide alone.

    Returns
    -------
    list of dict
        `kind` (`person`, `site of one class`, `fact`), `node`, `name` of the person, site or fact, `diagnosis` (branch
        that it gives away), `patients`, `chance` of a site having one class only, `auc` of a fact alone with its
        interval, `model_auc` and how much larger it is, and `finding`: empty (`n/a`) where nothing is amiss.
    """
    rows = _people(predictions)
    for asked in questions(predictions):
        if asked.name != DIAGNOSES:
            rows += [*_sites(asked), *_facts(asked, predictions.classifier.recommended)]
    return [as_row({column: row.get(column) for column in _COLUMNS}) for row in rows]


def _people(predictions: Predictions) -> list[dict[str, object]]:
    name_of = {person_digest(patient.person): patient.person for patient in predictions.patients}
    name_of |= {person_digest(person): person for person, _ in predictions.left_out}
    shared = shared_people({"training": predictions.trained, "test": name_of})
    names = sorted(name_of[one.person] for one in shared)
    return [{"kind": PERSON, "name": name, "patients": 1, "finding": "trained the classifier"} for name in names]


def _sites(asked: Question) -> list[dict[str, object]]:
    sites = [patient.site or NOTHING for patient in asked.patients]
    return [
        {
            "kind": SITE,
            "node": asked.name,
            "name": found.site,
            "diagnosis": found.diagnosis,
            "patients": found.patients,
            "chance": found.chance,
            "finding": "knowing the site is knowing the answer" if found.chance < _RARE else None,
        }
        for found in one_class_sites(asked.truth, sites, asked.branches)
    ]


def _facts(asked: Question, evidence: str) -> list[dict[str, object]]:
    facts: dict[str, list[str] | list[float | None]] = {
        "site": [patient.site or NOTHING for patient in asked.patients],
        "age": [patient.age for patient in asked.patients],
        "sex": [patient.sex or NOTHING for patient in asked.patients],
    }
    several = {name: values for name, values in facts.items() if any(value != values[0] for value in values)}
    given = asked.tempered(evidence) if len(np.unique(asked.truth)) > 1 else None
    rows = fact_rows(asked.truth, several, asked.branches, given)
    return [
        {
            **row,
            "kind": FACT,
            "node": asked.name,
            "name": row["fact"],
            "patients": len(asked.patients),
            "finding": None if row["findings"] == NOTHING else row["findings"],
        }
        for row in rows
    ]
