"""How well a predicted cord fits the one that people drew."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import center_of_mass, distance_transform_edt

from judge.volumes import BoolArray, Labelled
from nnunet_ext.evaluation.case import evaluate_case


@dataclass(frozen=True)
class CordScore:
    """Of the voxels that somebody looked at alone.

    Parameters
    ----------
    dice
        0 to 1.
    hit_percent
        Share of the slices with true cord in which the middle of what was predicted lies in the true cord.
    largest_error_mm
        Between the middles of both, in the worst slice that has both; NaN where none has.
    """

    dice: float
    hit_percent: float
    largest_error_mm: float


def score_cord(labelled: Labelled, predicted: BoolArray) -> CordScore:
    """Compare a predicted cord with the true one."""
    truth, found = labelled.truth & labelled.scored, predicted & labelled.scored
    (row,) = evaluate_case(
        truth.astype(np.uint8), found.astype(np.uint8), labelled.image.voxel_volume_mm3, {"sc": (1,)},
        case=labelled.name, site="real",
    )  # fmt: skip
    hits, errors = [], []
    spacing = np.delete(labelled.image.spacing, labelled.axis)
    for wanted, there in zip(*(np.moveaxis(mask, labelled.axis, 0) for mask in (truth, found)), strict=True):
        if wanted.any():
            middle = _middle(there)
            hits.append(middle is not None and bool(wanted[tuple(np.rint(middle).astype(int))]))
            true_middle = _middle(wanted)
            if middle is not None and true_middle is not None:
                errors.append(float(np.linalg.norm((middle - true_middle) * spacing)))
    return CordScore(row.dsc, 100 * float(np.mean(hits)), max(errors, default=math.nan))


def reserve_mm(labelled: Labelled, box: BoolArray) -> float:
    """Say how far inside a box the true cord lies, in mm: from its nearest voxel to the first one outside.

    0 where a voxel of it is outside; where the image ends nothing is outside, and infinite where no voxel is.
    """
    if box.all():
        return math.inf
    distance = distance_transform_edt(box, sampling=labelled.image.spacing)
    return float(distance[labelled.truth & labelled.scored].min())


def _middle(mask: BoolArray) -> npt.NDArray[np.float64] | None:
    return np.asarray(center_of_mass(mask), dtype=np.float64) if mask.any() else None
