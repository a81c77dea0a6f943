"""Checking `schema.json`, the tree of objects that skops would make."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from nnunet_ext.core.safe_types import PROTOCOL, SAFE_TYPES
from nnunet_ext.core.zip_entries import OddZipError

Node = Mapping[str, Any]

_EVERY: Final = frozenset({"__class__", "__module__", "__loader__", "__id__"})
_KEYS: Final = {
    "DictNode": {"content", "key_types"},
    "ListNode": {"content"},
    "TupleNode": {"content"},
    "JsonNode": {"content", "is_json"},
    "TypeNode": {"content"},
    "NdArrayNode": {"type", "file"},
    "RandomGeneratorNode": {"content"},
    "LossNode": {"content", "__reduce__"},
    "ObjectNode": {"content"},
}
_OF_ROOT: Final = {"protocol", "_skops_version"}
_ARRAY: Final = re.compile(r"[0-9]{1,20}\.npy", re.ASCII)
_DEEPEST: Final = 40
_GENERATOR: Final = "PCG64"


def check_schema(root: object) -> dict[str, Node]:
    """Check every object that the tree names, in the words that skops would read, and make none.

    Parameters
    ----------
    root
        Content of `schema.json`.

    Returns
    -------
    dict
        For each array's file a node that names it.

    Raises
    ------
    OddZipError
        Where anything but the types of `safe_types` is named, or something is not as skops writes it.
    """
    if not isinstance(root, Mapping) or root.get("protocol") != PROTOCOL or isinstance(root["protocol"], bool):
        found = root.get("protocol") if isinstance(root, Mapping) else root
        raise OddZipError(f"skops' protocol {PROTOCOL} was needed, found {found!r:.60}")
    arrays: dict[str, Node] = {}
    by_id: dict[int, Node] = {}
    for node in _nodes(root):
        _check_type(node, _EVERY | (_OF_ROOT if node is root else set()))
        number = node.get("__id__")
        if not isinstance(number, int) or isinstance(number, bool):
            raise OddZipError(f"an __id__ was needed, found {number!r:.60}")
        if by_id.setdefault(number, node) != node:  # of one number skops makes the first alone
            raise OddZipError(f"the __id__ {number} stands for two different things")
        if node["__loader__"] == "NdArrayNode":
            arrays[_array_file(node)] = node
    return arrays


def scalar(node: object) -> object:
    """Give the number, text or null of a node; None where it is another node."""
    if not isinstance(node, Mapping) or node.get("__loader__") != "JsonNode":
        return None
    return json.loads(node["content"])


def _nodes(root: Node) -> Iterator[Node]:
    waiting: list[tuple[object, int]] = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if not isinstance(node, Mapping) or depth > _DEEPEST:
            raise OddZipError(f"an object down to {_DEEPEST} deep was needed, found {node!r:.60}")
        yield node
        waiting += [(child, depth + 1) for child in _children(node)]


def _children(node: Node) -> list[object]:
    loader, content = node["__loader__"], node.get("content")
    if loader in {"ListNode", "TupleNode"}:
        return _list(content)
    if loader == "DictNode":
        return [node.get("key_types"), *_named(content).values()]
    if loader == "RandomGeneratorNode":
        held = _named(content)
        _check_generator(held.get("bit_generator"))
        return [held.get("bit_generator"), held.get("seed_seq")]
    if loader == "LossNode":
        return [content, _named(node.get("__reduce__")).get("args")]
    return [content] if loader == "ObjectNode" and content is not None else []


def _check_type(node: Node, known: set[str] | frozenset[str]) -> None:
    module, name, loader = (node.get(key) for key in ("__module__", "__class__", "__loader__"))
    if not all(isinstance(part, str) for part in (module, name, loader)) or (module, name, loader) not in SAFE_TYPES:
        raise OddZipError(f"names {module!s:.60}.{name!s:.60} ({loader!s:.40}), which is no part of gradient boosting")
    if unknown := sorted(set(node) - known - _KEYS[str(loader)]):
        raise OddZipError(f"{name} ({loader}) has {unknown[0]!r:.60}, which skops does not write")
    if loader == "JsonNode":
        _check_scalar(node.get("content"))


def _check_scalar(content: object) -> None:
    if not isinstance(content, str) or len(content) > 10_000:
        raise OddZipError(f"a value as a text was needed, found {content!r:.60}")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise OddZipError(f"a value was needed, found {content!r:.60}") from error
    if not isinstance(value, str | int | float | None):
        raise OddZipError(f"a single value was needed, found {content!r:.60}")


def _check_generator(node: object) -> None:
    state = _named(node).get("content")
    if not isinstance(state, Mapping) or scalar(state.get("bit_generator")) != _GENERATOR:
        raise OddZipError(f"a generator of random numbers other than {_GENERATOR}")


def _array_file(node: Node) -> str:
    file = node.get("file")
    if node.get("type") != "numpy" or not isinstance(file, str) or not _ARRAY.fullmatch(file):
        raise OddZipError(f"an array in a file NUMBER.npy was needed, found {node.get('type')!r:.20} {file!r:.60}")
    return file


def _list(content: object) -> list[object]:
    if not isinstance(content, list):
        raise OddZipError(f"a list was needed, found {content!r:.60}")
    return content


def _named(content: object) -> Mapping[str, Any]:
    if not isinstance(content, Mapping):
        raise OddZipError(f"an object was needed, found {content!r:.60}")
    return content
