"""Probabilities down a tree of decisions."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.taxonomy import Taxonomy
from nnunet_ext.core.errors import DataRefusedError

Probabilities = npt.NDArray[np.float64]

Conditional = Mapping[str, Probabilities]
"""For each node P(branch | node), shape (patients, branches)."""

_OFF = 1e-6


def tree_probabilities(taxonomy: Taxonomy, conditional: Mapping[str, Probabilities]) -> dict[str, Probabilities]:
    """Multiply conditional probabilities down the tree.

    ``P(branch) = P(node) * P(branch | node)``, with ``P(root) = 1``.

    Parameters
    ----------
    taxonomy
        The tree.
    conditional
        For each node an array of shape (patients, branches), in the branches' order, whose rows sum to 1.

    Returns
    -------
    dict
        For each branch, inner ones and diagnoses, from the root downwards, an array of shape (patients,). Those of the
        diagnoses sum to 1.

    Raises
    ------
    DataRefusedError
        Where a node is missing, shapes differ, or a row is no distribution.
    """
    _check(taxonomy, conditional)
    found: dict[str, Probabilities] = {}
    for node in taxonomy.decisions:
        above = found.get(node, np.ones(len(conditional[node])))
        for index, branch in enumerate(taxonomy.branches(node)):
            found[branch] = above * conditional[node][:, index]
    return found


def diagnosis_probabilities(taxonomy: Taxonomy, conditional: Conditional) -> Probabilities:
    """Give those of the diagnoses alone, shape (patients, diagnoses), in the tree's order; see `tree_probabilities`."""
    found = tree_probabilities(taxonomy, conditional)
    return np.stack([found[name] for name in taxonomy.diagnoses], axis=1)


def conditional_of_diagnoses(taxonomy: Taxonomy, said: Probabilities) -> dict[str, Probabilities]:
    """Go back from `diagnosis_probabilities`, shape (patients, diagnoses), to each node."""
    return conditional_probabilities(taxonomy, {name: said[:, at] for at, name in enumerate(taxonomy.diagnoses)})


def conditional_probabilities(taxonomy: Taxonomy, diagnoses: Mapping[str, Probabilities]) -> dict[str, Probabilities]:
    """Give the probabilities at each node from those of the diagnoses: the way back from `tree_probabilities`.

    Parameters
    ----------
    taxonomy
        The tree.
    diagnoses
        For each diagnosis an array of shape (patients,).

    Returns
    -------
    dict
        For each node an array of shape (patients, branches). Where nothing leads to a node, its branches are alike.
    """
    found: dict[str, Probabilities] = {}
    for node in taxonomy.decisions:
        branches = taxonomy.branches(node)
        sums = np.stack([np.sum([diagnoses[leaf] for leaf in taxonomy.below(name)], axis=0) for name in branches], 1)
        total = sums.sum(axis=1, keepdims=True)
        found[node] = np.where(total > 0, sums / np.where(total > 0, total, 1.0), 1 / len(branches))
    return found


def _check(taxonomy: Taxonomy, conditional: Mapping[str, Probabilities]) -> None:
    patients = {len(array) for array in conditional.values()}
    for node in taxonomy.decisions:
        branches = taxonomy.branches(node)
        given = conditional.get(node)
        if given is None or given.shape[1:] != (len(branches),) or len(patients) > 1:
            found = None if given is None else given.shape
            raise DataRefusedError(f"{node}: an array (patients, {len(branches)}) was needed, found {found}")
        if not (given >= 0).all() or not np.allclose(given.sum(axis=1), 1, atol=_OFF):  # NaN is refused, too
            raise DataRefusedError(f"{node}: probabilities that sum to 1 over {', '.join(branches)} were needed")
