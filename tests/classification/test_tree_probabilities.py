import numpy as np
import pytest
from hypothesis import given

from nnunet_ext.classification.taxonomy import Taxonomy, load_taxonomy
from nnunet_ext.classification.tree_probabilities import conditional_probabilities, tree_probabilities
from nnunet_ext.core.errors import DataRefusedError
from tests.classification.test_taxonomy import trees
from tests.strategies import SEEDS

SHIPPED = load_taxonomy()
HALVES = {node: np.full((1, 2), 0.5) for node in SHIPPED.decisions}


@given(trees(), SEEDS)
def test_probabilities_multiply_down_any_tree_and_back(tree: Taxonomy, seed: int) -> None:
    generator = np.random.default_rng(seed)
    given_ones = {node: generator.dirichlet(np.ones(len(tree.branches(node))), 3) for node in tree.decisions}
    found = tree_probabilities(tree, given_ones)
    np.testing.assert_allclose(sum(found[leaf] for leaf in tree.diagnoses), 1)
    for leaf in tree.diagnoses:
        steps = [given_ones[step.node][:, tree.branches(step.node).index(step.branch)] for step in tree.path(leaf)]
        np.testing.assert_allclose(found[leaf], np.prod(steps, axis=0))
    back = conditional_probabilities(tree, {leaf: found[leaf] for leaf in tree.diagnoses})
    for node in tree.decisions:
        np.testing.assert_allclose(back[node], given_ones[node], atol=1e-9)


def test_branches_that_nothing_leads_to_are_alike() -> None:
    leaves = {"astrocytoma": 1.0, "ependymoma": 0.0, "MS": 0.0, "NMOSD": 0.0}
    back = conditional_probabilities(SHIPPED, {leaf: np.array([value]) for leaf, value in leaves.items()})
    assert back["demyelination"].tolist() == [[0.5, 0.5]]
    assert back["kind"].tolist() == [[1, 0]]


@pytest.mark.parametrize("wrong", [[[1.0, 0.0, 0.0]], [[0.5, 0.6]], [[np.nan, 1.0]], [[1.5, -0.5]]])
def test_what_is_no_distribution_is_refused_by_node(wrong: list[list[float]]) -> None:
    with pytest.raises(DataRefusedError, match="tumour: "):
        tree_probabilities(SHIPPED, {**HALVES, "tumour": np.array(wrong)})


def test_a_missing_node_is_refused_by_name() -> None:
    with pytest.raises(DataRefusedError, match="tumour: "):
        tree_probabilities(SHIPPED, {node: array for node, array in HALVES.items() if node != "tumour"})
