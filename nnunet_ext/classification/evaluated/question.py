"""One question of the tree, with the patients whom it concerns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from nnunet_ext.classification.evaluated.predictions import OfBranches, PredictedPatient, Predictions
from nnunet_ext.classification.judge.arrays import Classes, Mask, Values
from nnunet_ext.classification.judge.decide import decide
from nnunet_ext.classification.judge.readers.readings import UNREAD
from nnunet_ext.classification.taxonomy import Taxonomy
from nnunet_ext.classification.tree_probabilities import conditional_probabilities

DIAGNOSES: Final = "diagnoses"
"""The question of all diagnoses at once, beside those of the nodes."""

_HALF: Final = 0.5
_DIGITS: Final = 12  # multiplied down the tree and divided again, what was alike differs in the last digits


@dataclass(frozen=True)
class Question:
    """Which of several branches.

    Parameters
    ----------
    name
        A node of the tree, or `DIAGNOSES`.
    branches
        Of the node, in their order; or all diagnoses.
    taxonomy
        The tree.
    patients
        Those whose diagnosis is below the node; of `DIAGNOSES` all.
    """

    name: str
    branches: tuple[str, ...]
    taxonomy: Taxonomy
    patients: tuple[PredictedPatient, ...]

    @property
    def truth(self) -> Classes:
        """The number of each patient's true branch, shape (n,)."""
        return self.branch_numbers([patient.diagnosis for patient in self.patients])

    def branch_numbers(self, said: Iterable[str]) -> Classes:
        """Give the branch that a diagnosis, or a branch itself, belongs to; `UNREAD` where it is none of them."""
        numbers = {
            name: number
            for number, branch in enumerate(self.branches)
            for name in (*self._branches_below(branch), *self.taxonomy.below(branch))
        }
        return np.array([numbers.get(one, UNREAD) for one in said], dtype=np.int64)

    def tempered(self, evidence: str) -> Values:
        """Give P(branch | node), shape (n, branches)."""
        return self._conditional(evidence, [one.probabilities for one in self.patients])

    def untempered(self, evidence: str) -> Values | None:
        """Give the same before it was tempered; None where not all patients have it."""
        given = [one.untempered for one in self.patients]
        return self._conditional(evidence, given) if all(evidence in one for one in given) else None

    def of(self, members: Mask) -> "Question":
        """Ask some of the patients alone."""
        chosen = tuple(patient for patient, member in zip(self.patients, members, strict=True) if member)
        return replace(self, patients=chosen)

    def decided(self, evidence: str, thresholds: OfBranches) -> Classes:
        """Give the branch that is taken, shape (n,): of two the first from the threshold on, of more the likeliest."""
        given = self.tempered(evidence)
        if self.name == DIAGNOSES or len(self.branches) != 2:
            return decide(given)
        threshold = thresholds.get(evidence, {}).get(self.name, _HALF)
        return 1 - decide(given[:, ::-1], round(threshold, _DIGITS))

    def _conditional(self, evidence: str, given: Sequence[OfBranches]) -> Values:
        leaves = {leaf: np.array([one[evidence][leaf] for one in given]) for leaf in self.taxonomy.diagnoses}
        if self.name == DIAGNOSES:
            return np.stack([leaves[leaf] for leaf in self.branches], axis=1)
        found: Values = np.round(conditional_probabilities(self.taxonomy, leaves)[self.name], _DIGITS)
        return found

    def _branches_below(self, branch: str) -> tuple[str, ...]:
        below = self.taxonomy.below(branch)
        inner = (node for node in self.taxonomy.decisions[1:] if set(self.taxonomy.below(node)) <= set(below))
        return (branch, *inner)


def questions(predictions: Predictions) -> tuple[Question, ...]:
    """Give the question of each node, from the root, and that of all diagnoses where there are several nodes."""
    tree, patients = predictions.classifier.taxonomy, predictions.patients
    asked = []
    for node in tree.decisions:
        below = set(tree.below(node))
        concerned = tuple(patient for patient in patients if patient.diagnosis in below)
        asked.append(Question(node, tree.branches(node), tree, concerned))
    if len(asked) > 1:
        asked.append(Question(DIAGNOSES, tree.diagnoses, tree, patients))
    return tuple(asked)
