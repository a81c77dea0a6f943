"""Drawn cases, and how well a linear model tells them apart: for the tests here and for the benchmark."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nnunet_ext.phantom.entities.case import Case, draw_case
from nnunet_ext.phantom.entities.entity import Entity

NODES: Final = {
    "kind": (tuple(one for one in Entity if one.is_tumour), tuple(one for one in Entity if not one.is_tumour)),
    "tumour": ((Entity.ASTROCYTOMA,), (Entity.EPENDYMOMA,)),
    "demyelination": ((Entity.MS,), (Entity.NMOSD,)),
}
"""The decisions of the tree: which entities are told from which."""


def draw_cohort(count: int, seed: int) -> dict[Entity, list[Case]]:
    """Draw so many cases of each entity."""
    return {
        entity: [draw_case(entity, np.random.default_rng([seed, number, k])) for k in range(count)]
        for number, entity in enumerate(Entity)
    }


def measures(case: Case) -> list[float]:
    """What a clinician knows and masks tell: number, length, volume, place, age, sex, enhancement."""
    return [
        len(case.lesions),
        np.log(case.vertebrae),
        np.log(case.volume_ml),
        max(span.vertebrae for span in case.lesions),
        case.lesions[0].top,
        case.lesions[-1].bottom,
        case.age,
        case.sex == "F",
        case.enhances,
    ]


def told_apart(cases: dict[Entity, list[Case]], node: str, *, signs: bool = False) -> float:
    """Accuracy of a logistic model of the measures, with the signs of an image if asked, cross-validated five-fold."""
    first, second = NODES[node]
    chosen = [case for entity in (*first, *second) for case in cases[entity]]
    all_signs = sorted({sign for case in chosen for sign in case.signs}) if signs else []
    rows = np.array([[*measures(case), *(sign in case.signs for sign in all_signs)] for case in chosen], dtype=float)
    truth = np.array([case.entity in first for case in chosen])
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    predicted = cross_val_predict(make_pipeline(StandardScaler(), LogisticRegression()), rows, truth, cv=folds)
    return float((predicted == truth).mean())


def read_right(cases: dict[Entity, list[Case]], node: str, reader: int) -> float:
    """Share that a reader has right at a node, of the cases that he takes to it."""
    first, second = NODES[node]
    asked = [case for entity in (*first, *second) for case in cases[entity]]
    said = [(case.entity in first, case.readers[reader]) for case in asked if case.readers[reader] in (*first, *second)]
    return float(np.mean([(one in first) == truth for truth, one in said]))


def quartiles(values: Sequence[float]) -> npt.NDArray[np.float64]:
    """Median, lower and upper quartile."""
    return np.percentile(np.asarray(values, dtype=np.float64), [50, 25, 75])
