"""A figure in each group of patients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import Classes, Values, checked_probabilities
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.core.errors import DataRefusedError


@dataclass(frozen=True)
class GroupFigure:
    """A figure of one group.

    Parameters
    ----------
    group
        A site, a sex, an age group.
    patients
        How many of each class it has.
    figure
        None where it is not defined in this group.
    """

    group: str
    patients: tuple[int, ...]
    figure: Estimate


def by_group(
    figure: Callable[[Classes, Values], Estimate],
    truth: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    groups: Sequence[str],
) -> tuple[GroupFigure, ...]:
    """Give a figure with its interval in each group, in the order of their names.

    Nothing is tested here: tests of all groups would be too many, on too few; `auc_of_groups` compares two.

    Parameters
    ----------
    figure
        Takes truth and probabilities, such as one that calls `auc`, `wilson` or `bootstrap`.
    truth
        Shape (n,), class numbers.
    probabilities
        Shape (n, classes).
    groups
        Of each patient; `n/a`, where it is not known, is a group like the others.

    Raises
    ------
    DataRefusedError
        See `checked_probabilities`; or where there are more or fewer groups than patients.
    """
    true, given = checked_probabilities(truth, probabilities)
    if len(groups) != true.size:
        raise DataRefusedError(f"a group of each of {true.size} patients was needed, found {len(groups)}")
    names = np.asarray(groups, dtype=np.str_)
    found = []
    for group in sorted(set(groups)):
        members = names == group
        counts = np.bincount(true[members], minlength=given.shape[1])
        found.append(GroupFigure(group, tuple(counts.tolist()), figure(true[members], given[members])))
    return tuple(found)
