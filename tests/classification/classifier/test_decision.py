import pytest

from nnunet_ext.classification.classifier.decision import NOT_SURE, decision
from nnunet_ext.classification.taxonomy import load_taxonomy, parse_taxonomy


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (["MS"], "MS"),
        (["MS", "NMOSD"], "demyelination"),
        (["astrocytoma", "ependymoma"], "tumour"),
        (["MS", "astrocytoma"], NOT_SURE),
        (["MS", "NMOSD", "astrocytoma", "ependymoma"], NOT_SURE),
        ([], NOT_SURE),
    ],
)
def test_as_much_is_said_as_the_set_allows(kept: list[str], said: str) -> None:
    assert decision(load_taxonomy(), kept) == said


def test_the_deepest_branch_of_a_larger_tree_is_said() -> None:
    nodes = {"kind": ["tumour", "demyelination"], "tumour": ["A", "B"], "demyelination": ["MS", "rare"],
             "rare": ["NMOSD", "MOGAD"]}  # fmt: skip
    tree = parse_taxonomy({"name": "own", "root": "kind", "nodes": nodes})
    assert decision(tree, ["MOGAD", "NMOSD"]) == "rare"
    assert decision(tree, ["MOGAD", "MS"]) == "demyelination"
