"""Whether sets hold the truth, and how often they say something."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import checked_classes
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.wilson import wilson
from nnunet_ext.core.errors import DataRefusedError


@dataclass(frozen=True)
class SetFigures:
    """Figures of sets of diagnoses; None of no patient.

    Parameters
    ----------
    coverage
        Sets that hold the truth, of all.
    coverage_by_class
        The same among the patients of each class.
    abstained
        Sets of more than one diagnosis, or of none, of all.
    empty
        Sets of none, of all: unlike anything in validation, or a coverage that allows it.
    right
        Sets of one that hold the truth, of the sets of one: the accuracy where something is said.
    mean_size
        Diagnoses in a set.
    """

    coverage: Estimate
    coverage_by_class: tuple[Estimate, ...]
    abstained: Estimate
    empty: Estimate
    right: Estimate
    mean_size: float | None


def set_figures(truth: npt.ArrayLike, sets: npt.ArrayLike) -> SetFigures:
    """Judge sets of diagnoses; shares with Wilson's interval.

    Parameters
    ----------
    truth
        Shape (n,), class numbers.
    sets
        Shape (n, classes), truth values.

    Raises
    ------
    DataRefusedError
        Where these are something else.
    """
    inside = np.asarray(sets, dtype=np.bool_)
    if inside.ndim != 2:
        raise DataRefusedError(f"sets of shape (patients, classes) were needed, found {inside.shape}")
    true = checked_classes(truth, inside.shape[1])
    if len(true) != len(inside):
        raise DataRefusedError(f"the same patients were needed in both, found {len(true)} and {len(inside)}")
    held, sizes, count = inside[np.arange(true.size), true], inside.sum(axis=1), true.size
    members = [true == number for number in range(inside.shape[1])]
    single = sizes == 1
    return SetFigures(
        coverage=wilson(int(held.sum()), count),
        coverage_by_class=tuple(wilson(int(held[each].sum()), int(each.sum())) for each in members),
        abstained=wilson(int((~single).sum()), count),
        empty=wilson(int((sizes == 0).sum()), count),
        right=wilson(int(held[single].sum()), int(single.sum())),
        mean_size=float(sizes.mean()) if count else None,
    )
