"""Checking the files of a classifier that are numbers: models at the nodes, and what calibrates them."""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.models.classifier.description import Description
from nnunet_ext.models.classifier.entries import CLASSIFIER

_NETWORK: Final = ("nnunet_ext classification network", 1)
_NETWORK_KEYS: Final = frozenset({"format", "version", "channels", "diagnoses", "settings"})
_DEEPEST: Final = 6
_MOST: Final = 10_000
_LONGEST: Final = 500
_LARGEST: Final = 1e12
_MOST_PATIENTS: Final = 1_000_000
_OFF: Final = 1e-3


def check_models(
    name: str, content: Mapping[str, Any], described: Description, parse: Callable[[Mapping[str, Any]], object]
) -> None:
    """Check models at nodes, `fold_N/logistic.json` or `both.json`.

    Raises
    ------
    UnsafeModelError
        Where a node is none of the tree's or missing, has other branches, a measure is not fed, or `parse` finds no
        model.
    """
    _plain(name, content)
    if set(content) != set(described.tree.decisions):
        found = ", ".join(map(str, content))
        raise UnsafeModelError(
            f"{name}: models at {', '.join(described.tree.decisions)[:300]} were needed, found {found[:300]}"
        )
    for node, numbers in content.items():
        if not isinstance(numbers, Mapping):
            raise UnsafeModelError(f"{name}: {node}: numbers by name were needed, found {numbers!r:.100}")
        if "branches" in numbers and numbers["branches"] != list(described.tree.branches(node)):
            raise UnsafeModelError(f"{name}: {node}: other branches than the tree's: {numbers['branches']!r:.200}")
        scaling = numbers.get("scaling")
        columns = scaling.get("columns") if isinstance(scaling, Mapping) else None
        if isinstance(columns, list) and not set(map(str, columns)) <= set(described.columns):
            raise UnsafeModelError(f"{name}: {node}: measures that are not fed: {columns!r:.200}")
        _parsed(f"{name}: {node}", numbers, parse)


def check_settings(name: str, content: Mapping[str, Any], parse: Callable[[Mapping[str, Any]], object]) -> None:
    """Check the settings of a network by themselves, `fold_N/network.json`; raises what `check_models` does."""
    _plain(name, content)
    if set(content) != _NETWORK_KEYS or (content["format"], content["version"]) != _NETWORK:
        raise UnsafeModelError(f"{name}: {', '.join(sorted(_NETWORK_KEYS))} of {_NETWORK[0]} {_NETWORK[1]} were needed")
    _parsed(name, content, parse)


def check_calibration(name: str, content: Mapping[str, Any], described: Description) -> None:
    """Check `calibration.json`: of each evidence the diagnoses of patients, and what it said of them.

    Raises
    ------
    UnsafeModelError
        Where it holds another thing, an unknown evidence, or rows that are no probabilities of the diagnoses.
    """
    if not set(content) <= set(described.evidences):
        raise UnsafeModelError(f"{name}: evidences of {CLASSIFIER} were needed, found {list(content)!r:.200}")
    count = len(described.tree.diagnoses)
    for evidence, held in content.items():
        where = f"{name}: {evidence}"
        if not isinstance(held, Mapping) or set(held) != {"truth", "probabilities"}:
            raise UnsafeModelError(f"{where}: truth and probabilities were needed, and nothing else")
        truth, rows = held["truth"], held["probabilities"]
        if not isinstance(truth, list) or not isinstance(rows, list) or not len(truth) == len(rows) <= _MOST_PATIENTS:
            raise UnsafeModelError(f"{where}: as many diagnoses as rows of probabilities were needed")
        if not all(isinstance(index, int) and not isinstance(index, bool) and 0 <= index < count for index in truth):
            raise UnsafeModelError(f"{where}: truth: numbers below {count} were needed")
        if not all(_is_distribution(row, count) for row in rows):
            raise UnsafeModelError(f"{where}: probabilities: rows of {count} that sum to 1 were needed")


def _is_distribution(row: object, count: int) -> bool:
    if not isinstance(row, list) or len(row) != count:
        return False
    if not all(isinstance(one, int | float) and not isinstance(one, bool) and 0 <= one <= 1 for one in row):
        return False
    return math.isclose(math.fsum(row), 1, abs_tol=_OFF)


def _parsed(where: str, content: Mapping[str, Any], parse: Callable[[Mapping[str, Any]], object]) -> None:
    try:
        parse(content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnsafeModelError(f"{where}: {error!s:.400}") from error


def _plain(name: str, content: object, depth: int = 0) -> None:
    """Refuse what is nested deeper, longer or larger than any model is, and texts that are no names."""
    if isinstance(content, Mapping | list):
        if depth == _DEEPEST or len(content) > _MOST:
            raise UnsafeModelError(f"{name}: lists and objects down to {_DEEPEST} deep, of up to {_MOST}, were needed")
        values = [*content.keys(), *content.values()] if isinstance(content, Mapping) else content
        for value in values:
            _plain(name, value, depth + 1)
    elif isinstance(content, str) and (len(content) > _LONGEST or not content.isprintable()):
        raise UnsafeModelError(f"{name}: names of up to {_LONGEST} letters were needed, found {content!r:.100}")
    elif isinstance(content, int | float) and abs(content) > _LARGEST:
        raise UnsafeModelError(f"{name}: numbers up to {_LARGEST:g} were needed, found {content!r:.60}")
