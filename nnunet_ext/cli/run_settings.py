"""What makes a run of a verb this one, for the record in its output folder."""

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_CHANGES_NO_BYTE: Final = frozenset({"out", "force", "json", "n_procs"})


def run_settings(verb: "DataclassInstance") -> dict[str, Any]:
    """Give the arguments of a verb that its products hang on, by name; those of a verb within it, too."""
    settings: dict[str, Any] = {}
    for field in fields(verb):
        value = getattr(verb, field.name)
        if is_dataclass(value) and not isinstance(value, type):
            settings |= run_settings(value)
        elif field.name not in _CHANGES_NO_BYTE:
            settings[field.name] = value
    return settings
