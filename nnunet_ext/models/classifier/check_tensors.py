"""Checking a file of safetensors by hand, before anything else reads it.

The format (github.com/huggingface/safetensors, README, "Format"): 8 bytes with the length N of the header, the lowest
first; N bytes of JSON, for each tensor dtype, shape and where its bytes begin and end; then those bytes, without gaps.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.read_json import without_doubles
from nnunet_ext.models.classifier.densenet_shapes import COUNTER, Shape

_LENGTH: Final = 8
_LONGEST_HEADER: Final = 4 << 20
_TEXTS: Final = "__metadata__"
_WEIGHT: Final = "F32"
_COUNT: Final = "I64"
_DTYPES: Final = {_WEIGHT: "<f4", _COUNT: "<i8"}
_KEYS: Final = frozenset({"dtype", "shape", "data_offsets"})


@dataclass(frozen=True)
class _Tensor:
    name: str
    dtype: str
    shape: Shape
    begin: int
    end: int


def check_tensors(path: Path, expected: Mapping[str, Shape]) -> None:
    """Check that a file holds the weights of a network, and those alone.

    Parameters
    ----------
    path
        The file.
    expected
        Shape of each tensor by its name.

    Raises
    ------
    UnsafeModelError
        Where the header is no such header; where bytes overlap, lie outside of the file or belong to no tensor; where a
        tensor is missing, unknown, of another shape or of another kind; or where weights are not finite.
    """
    try:
        _check(path, expected)
    except _WrongError as error:
        raise UnsafeModelError(f"{path.name}: {error}") from error


class _WrongError(Exception):
    """What is wrong, in words."""


def _check(path: Path, expected: Mapping[str, Shape]) -> None:
    size = path.stat().st_size
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(_LENGTH), "little")
        if size < _LENGTH or length > min(_LONGEST_HEADER, size - _LENGTH):
            raise _WrongError(f"a header of up to {_LONGEST_HEADER} bytes was needed, found one of {length}, in {size}")
        tensors = sorted(_tensors(stream.read(length)), key=lambda tensor: (tensor.begin, tensor.end))
        _check_places(tensors, size - _LENGTH - length)
        found = {tensor.name: tensor.shape for tensor in tensors}
        for name in sorted(found.keys() ^ expected.keys()):
            raise _WrongError(f"{name!r:.120} is {'missing' if name in expected else 'no part of the network'}")
        for name, shape in expected.items():
            if found[name] != shape:
                raise _WrongError(f"{name}: the shape {shape} was needed, found {found[name]!r:.100}")
        for tensor in tensors:
            _check_values(tensor, stream.read(tensor.end - tensor.begin))


def _tensors(header: bytes) -> Iterator[_Tensor]:
    try:
        content = json.loads(header.decode("utf-8"), object_pairs_hook=without_doubles)
    except (ValueError, RecursionError) as error:
        raise _WrongError(f"a header in JSON was needed: {str(error)[:200]}") from error
    if not isinstance(content, dict):
        raise _WrongError("an object was needed as header")
    if _TEXTS in content:
        raise _WrongError(f"{_TEXTS}: weights alone were needed, found texts beside them")
    for name, told in content.items():
        yield _tensor(name, told)


def _tensor(name: str, told: Any) -> _Tensor:  # noqa: ANN401 - whatever JSON holds
    if not isinstance(told, dict) or set(told) != _KEYS:
        raise _WrongError(f"{name!r:.120}: dtype, shape and data_offsets were needed")
    dtype, shape, offsets = told["dtype"], told["shape"], told["data_offsets"]
    needed = _COUNT if name.endswith(f".{COUNTER}") else _WEIGHT
    if dtype != needed:
        raise _WrongError(f"{name!r:.120}: {needed} was needed, found {dtype!r:.40}")
    if not _are_counts(shape) or not _are_counts(offsets) or len(offsets) != 2:
        raise _WrongError(f"{name!r:.120}: a shape and two offsets were needed, found {shape!r:.60}, {offsets!r:.60}")
    begin, end = offsets
    if end - begin != math.prod(shape) * np.dtype(_DTYPES[dtype]).itemsize:
        raise _WrongError(f"{name!r:.120}: {shape!r:.60} of {dtype} are not the bytes from {begin} to {end}")
    return _Tensor(name, dtype, tuple(shape), begin, end)


def _check_places(tensors: list[_Tensor], size: int) -> None:
    at = 0
    for tensor in tensors:
        if tensor.begin != at:
            what = "overlap others" if tensor.begin < at else "leave a gap before them"
            raise _WrongError(f"{tensor.name!r:.120}: its bytes, {tensor.begin} to {tensor.end}, {what}")
        at = tensor.end
    if at != size:
        raise _WrongError(f"its tensors end at {at}, and the file at {size}")


def _check_values(tensor: _Tensor, content: bytes) -> None:
    values = np.frombuffer(content, _DTYPES[tensor.dtype])
    lowest = 0 if tensor.name.endswith((".running_var", f".{COUNTER}")) else -np.inf
    if not np.isfinite(values).all() or (values < lowest).any():
        raise _WrongError(f"{tensor.name}: finite numbers were needed, and variances and counts of 0 and more")


def _are_counts(content: object) -> bool:
    return isinstance(content, list) and all(
        isinstance(item, int) and not isinstance(item, bool) and 0 <= item < 1 << 40 for item in content
    )
