"""Less sure probabilities at every node of the tree."""

from collections.abc import Mapping

from nnunet_ext.classification.judge.arrays import Values
from nnunet_ext.classification.judge.calibration.temper import temper


def tempered(conditional: Mapping[str, Values], temperatures: Mapping[str, float]) -> dict[str, Values]:
    """Temper P(branch | node) of each node, shape (patients, branches); a node without a temperature stays as it is."""
    return {node: temper(values, temperatures.get(node, 1.0)) for node, values in conditional.items()}
