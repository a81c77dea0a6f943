"""Patients who are in two sets."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class SharedPerson:
    """A patient who is where nobody must be twice, and the sets, in the order in which they were given."""

    person: str
    sets: tuple[str, ...]


def shared_people(sets: Mapping[str, Collection[str]]) -> tuple[SharedPerson, ...]:
    """Find the patients who are in more than one set, such as training and test.

    Parameters
    ----------
    sets
        Name of a set to its persons; a person may stand several times in one.

    Returns
    -------
    tuple
        In the order of their names; empty where nothing leaks.
    """
    members = {name: frozenset(people) for name, people in sets.items()}
    everyone = frozenset[str]().union(*members.values())
    found = (
        SharedPerson(person, tuple(name for name, people in members.items() if person in people))
        for person in sorted(everyone)
    )
    return tuple(shared for shared in found if len(shared.sets) > 1)
