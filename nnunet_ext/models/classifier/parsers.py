"""What the checks of a classifier need of the package that makes classifiers, handed in by whoever has both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Tree(Protocol):
    """A tree of diagnoses."""

    @property
    def decisions(self) -> tuple[str, ...]:
        """The nodes."""

    @property
    def diagnoses(self) -> tuple[str, ...]:
        """The leaves."""

    def branches(self, node: str) -> tuple[str, ...]:
        """Give the branches of a node."""


def _anything(_: Mapping[str, Any]) -> object:
    return None


@dataclass(frozen=True)
class Parsers:
    """Functions that read what a JSON file says, and raise ValueError, KeyError or TypeError where it says nonsense.

    Parameters
    ----------
    tree
        Of `taxonomy` in `classifier.json`.
    logistic, stack
        Of the numbers at one node in `fold_N/logistic.json` and `both.json`.
    network
        Of `fold_N/network.json`.
    """

    tree: Callable[[Mapping[str, Any]], Tree]
    logistic: Callable[[Mapping[str, Any]], object] = _anything
    stack: Callable[[Mapping[str, Any]], object] = _anything
    network: Callable[[Mapping[str, Any]], object] = _anything
