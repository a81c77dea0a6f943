"""From what argparse parsed to the verb that it describes."""

import argparse
from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

V = TypeVar("V", bound="DataclassInstance")


def take_options(verb: type[V], options: argparse.Namespace, **read: object) -> V:
    """Make a verb, a dataclass, of the arguments that are called as its fields are, with lists as tuples.

    Fields that are not an argument as it stands are given in `read`.
    """
    parsed = {**vars(options), **read}
    given = {field.name: parsed[field.name] for field in fields(verb)}
    make: Callable[..., V] = verb
    return make(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})
