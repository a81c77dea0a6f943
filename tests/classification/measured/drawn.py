"""Patients whose measures are drawn: two or three branches that overlap."""

import numpy as np

from nnunet_ext.classification.measured.design import Row
from nnunet_ext.classification.measured.node_patients import Indices, NodePatients
from nnunet_ext.core.volume import Array

COLUMNS = ("total_volume_mm3", "n_lesions", "dorsal_position", "enhancement", "enhancing_share", "age_years", "female")
BRANCHES = ("astrocytoma", "ependymoma", "other")


def draw_rows(truth: Array, seed: int = 0, apart: float = 1.0, missing: float = 0.25) -> list[Row]:
    """Draw measures that tell branches apart; a share has no image after gadolinium."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for branch in truth:
        gadolinium = rng.random() >= missing
        rows.append(
            {
                "total_volume_mm3": float(np.exp(rng.normal(7 + apart * branch, 1))),
                "n_lesions": float(rng.integers(1, 4)),
                "dorsal_position": float(rng.normal(apart * (branch == 1), 1)),
                "enhancement": float(rng.normal(3, 1)) if gadolinium else None,
                "enhancing_share": float(rng.uniform()) if gadolinium else None,
                "age_years": float(rng.integers(5, 90)),
                "female": float(rng.random() < 0.5) if rng.random() < 0.9 else None,
            }
        )
    return rows


def deal(count: int, folds: int = 4) -> list[Indices]:
    """Deal positions out to folds."""
    return [np.arange(first, count, folds) for first in range(folds)]


def draw_patients(
    count: int = 80, branches: int = 2, seed: int = 0, apart: float = 1.0, missing: float = 0.25
) -> NodePatients:
    """Draw the training patients of a node."""
    truth = np.random.default_rng(seed).permutation(np.arange(count) % branches)
    rows = draw_rows(truth, seed, apart, missing)
    return NodePatients(rows, truth, BRANCHES[:branches], COLUMNS, deal(count))
