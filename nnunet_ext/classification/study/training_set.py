"""The patients that a classifier learns from, with what they have and the fold that each is validated in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.cases.draw_folds import Folds, Member, draw_folds
from nnunet_ext.classification.judge.arrays import Classes
from nnunet_ext.classification.study.measured_patient import MeasuredPatient
from nnunet_ext.classification.taxonomy import Decision, Taxonomy

Places = npt.NDArray[np.int64]
"""Places of patients in the training set."""

_INNER: Final = 4
_NOT_BELOW: Final = -1


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Patients in a fixed order.

    Parameters
    ----------
    taxonomy
        The tree.
    patients
        In the order of all arrays.
    diagnoses, sites
        Of each.
    folds
        Persons that each fold is validated on; together all of them.
    """

    taxonomy: Taxonomy
    patients: tuple[MeasuredPatient, ...]
    diagnoses: tuple[str, ...]
    sites: tuple[str, ...]
    folds: Folds

    @property
    def fold_of(self) -> Places:
        """Number of the fold that each patient is validated in."""
        number = {person: fold for fold, persons in enumerate(self.folds) for person in persons}
        return np.array([number[one.person] for one in self.patients], dtype=np.int64)

    @property
    def truth(self) -> Classes:
        """Give the number of each patient's diagnosis, in the tree's order."""
        order = self.taxonomy.diagnoses
        return np.array([order.index(name) for name in self.diagnoses], dtype=np.int64)

    def branch_at(self, node: str) -> Classes:
        """Give the number of each patient's branch at a node; -1 of those whom it does not concern."""
        branches = self.taxonomy.branches(node)
        steps = [dict(_by_node(self.taxonomy.path(name))).get(node) for name in self.diagnoses]
        return np.array([_NOT_BELOW if step is None else branches.index(step) for step in steps], dtype=np.int64)

    def below(self, node: str, *, but_fold: int | None = None) -> Places:
        """Give the places of the patients whom a node concerns, but those that a fold is validated on."""
        chosen = self.branch_at(node) != _NOT_BELOW
        if but_fold is not None:
            chosen &= self.fold_of != but_fold
        return np.flatnonzero(chosen)

    def inner_folds(self, places: Places, seed: int) -> list[Places]:
        """Split places once more, by diagnosis and site, for choices that must not see the fold they are judged on.

        Returns
        -------
        list
            For each inner fold positions within `places`.
        """
        members = [Member(self.patients[at].person, self.diagnoses[at], self.sites[at]) for at in places]
        inner = draw_folds(members, _INNER, seed)
        position = {member.person: number for number, member in enumerate(members)}
        return [np.array(sorted(position[person] for person in fold), dtype=np.int64) for fold in inner]


def _by_node(path: Sequence[Decision]) -> list[tuple[str, str]]:
    return [(step.node, step.branch) for step in path]
