"""Files of models that are plain numbers: one model a node."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.read_json import read_json_object

_NEEDED: Final = "numbers of a model for each decision were needed"
_CURE: Final = "get the classifier again"


class _PlainNumbers(Protocol):
    def to_json(self) -> dict[str, Any]: ...


Model = TypeVar("Model")


def write_models(path: Path, models: Mapping[str, _PlainNumbers]) -> None:
    """Write `{node: numbers}` atomically; the same models give the same bytes."""
    write_json(path, {node: model.to_json() for node, model in models.items()})


def read_models(path: Path, read: Callable[[Mapping[str, Any]], Model]) -> dict[str, Model]:
    """Read what `write_models` wrote.

    Parameters
    ----------
    path
        The file.
    read
        Such as `LogisticModel.from_json`.

    Raises
    ------
    FileRefusedError
        Where it is not there, damaged, or holds other numbers.
    """
    content = read_json_object(path, _NEEDED, _CURE)
    with refuse_malformed(path, _NEEDED, _CURE):
        return {node: read(numbers) for node, numbers in content.items()}
