"""From a set of diagnoses that cannot be left out to what is said of a patient."""

from collections.abc import Collection
from typing import Final

from nnunet_ext.classification.taxonomy import Taxonomy

NOT_SURE: Final = "not sure"


def decision(taxonomy: Taxonomy, kept: Collection[str]) -> str:
    """Say as much as a conformal set allows: the deepest branch of the tree that holds all of it.

    Parameters
    ----------
    taxonomy
        The tree.
    kept
        Diagnoses that cannot be left out.

    Returns
    -------
    str
        A diagnosis where one is left; an inner branch, such as `tumour`, where all that is left is below it; else, and
        of an empty set, `NOT_SURE`.
    """
    wanted = set(kept)
    if not wanted:
        return NOT_SURE
    branches = [branch for node in taxonomy.decisions for branch in taxonomy.branches(node)]
    holding = [branch for branch in branches if wanted <= set(taxonomy.below(branch))]
    return min(holding, key=lambda branch: len(taxonomy.below(branch)), default=NOT_SURE)
