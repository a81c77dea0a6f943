"""Folds of patients: each in one, diagnoses alike in all, the same whatever the order of rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType

import numpy as np

from nnunet_ext.core.errors import DataRefusedError

Folds = tuple[tuple[str, ...], ...]
"""For each fold the persons that it is validated on, sorted; it is trained on all others."""


@dataclass(frozen=True)
class Member:
    """What folds are drawn by: a person, what they have, and where they were scanned."""

    person: str
    diagnosis: str
    site: str = ""


@dataclass(frozen=True)
class NestedFold:
    """An outer fold.

    Parameters
    ----------
    train, test
        Persons, sorted.
    inner
        Folds of `train` alone, to choose models and thresholds by.
    """

    train: tuple[str, ...]
    test: tuple[str, ...]
    inner: Folds


def draw_folds(
    members: Sequence[Member], folds: int, seed: int, known: Mapping[str, int] = MappingProxyType({})
) -> Folds:
    """Deal patients out to folds.

    Each goes to the fold that has the fewest of their diagnosis; of those to that with the fewest patients, then with
    the fewest of their diagnosis and site. So a diagnosis's patients differ by at most one between any two folds, and
    so do all patients, unless `known` has it otherwise. They come by diagnosis, site and a hash of seed and name: the
    order of rows changes nothing.

    Parameters
    ----------
    members
        Each person once, in any order.
    folds
        How many; fewer where there are fewer patients.
    seed
        Of the draw.
    known
        Fold of persons who have one already, as of those whom the segmentation was trained on.

    Raises
    ------
    DataRefusedError
        Where a person stands twice, there are not two patients, or a known fold is none of so many.
    """
    _refuse_twice(members)
    count = folds if known else min(folds, len(members))
    if count < 2:
        raise DataRefusedError(f"two patients and two folds at the least were needed, found {len(members)} and {folds}")
    if strange := sorted(person for person, fold in known.items() if not 0 <= fold < count):
        raise DataRefusedError(f"folds from 0 to {count - 1} were needed, found {known[strange[0]]} for {strange[0]}")
    fold_of = {member.person: known[member.person] for member in members if member.person in known}
    of_diagnosis: Counter[tuple[str, int]] = Counter()
    of_site: Counter[tuple[str, str, int]] = Counter()
    of_all: Counter[int] = Counter()

    def put(member: Member, fold: int) -> None:
        fold_of[member.person] = fold
        of_diagnosis[member.diagnosis, fold] += 1
        of_site[member.diagnosis, member.site, fold] += 1
        of_all[fold] += 1

    for member in members:
        if member.person in known:
            put(member, known[member.person])
    for member in sorted(members, key=lambda member: (member.diagnosis, member.site, _draw(seed, member.person))):
        if member.person not in known:
            ranks = [
                (of_diagnosis[member.diagnosis, fold], of_all[fold], of_site[member.diagnosis, member.site, fold], fold)
                for fold in range(count)
            ]
            put(member, min(ranks)[-1])
    return tuple(tuple(sorted(person for person, at in fold_of.items() if at == fold)) for fold in range(count))


def draw_site_folds(members: Sequence[Member], folds: int, seed: int) -> Folds:
    """Deal whole sites out to folds, so that every fold is validated on sites that it was not trained on.

    The largest sites come first; each goes to the fold where the numbers of patients of all diagnoses become most
    alike (least sum of squares over folds and diagnoses). Fewer folds where there are fewer sites.

    Raises
    ------
    DataRefusedError
        Where a person stands twice, or there are not two sites.
    """
    _refuse_twice(members)
    sites = sorted({member.site for member in members})
    count = min(folds, len(sites))
    if count < 2:
        raise DataRefusedError(
            f"two sites and two folds at the least were needed, found {', '.join(sites) or 'no site'} and {folds}; "
            f"draw folds by patient"
        )
    diagnoses = sorted({member.diagnosis for member in members})
    numbers = Counter((member.site, member.diagnosis) for member in members)
    size = Counter(member.site for member in members)
    counts = np.zeros((count, len(diagnoses)), dtype=np.int64)
    fold_of: dict[str, int] = {}
    order = sorted(sites, key=lambda site: (-size[site], _draw(seed, site)))
    for position, site in enumerate(order):
        own = np.array([numbers[site, diagnosis] for diagnosis in diagnoses])
        empty = [fold for fold in range(count) if not counts[fold].any()]
        open_folds = empty if len(empty) >= len(order) - position else range(count)
        fold = min(open_folds, key=lambda fold: (int((2 * counts[fold] * own).sum()), int(counts[fold].sum()), fold))
        fold_of[site] = fold
        counts[fold] += own
    return tuple(
        tuple(sorted(member.person for member in members if fold_of[member.site] == fold)) for fold in range(count)
    )


def nest_folds(members: Sequence[Member], outer: Folds, inner: int, seed: int) -> tuple[NestedFold, ...]:
    """Draw inner folds of each outer fold's training patients: no person that is tested on chooses a model.

    Parameters
    ----------
    members
        Those of the outer folds.
    outer
        From `draw_folds` or `draw_site_folds`.
    inner, seed
        How many inner folds, and of which draw.
    """
    nested = []
    for number, test in enumerate(outer):
        left = [member for member in members if member.person not in set(test)]
        train = tuple(sorted(member.person for member in left))
        nested.append(NestedFold(train, test, draw_folds(left, inner, seed + 1 + number)))
    return tuple(nested)


def _refuse_twice(members: Sequence[Member]) -> None:
    twice = sorted(person for person, times in Counter(member.person for member in members).items() if times > 1)
    if twice:
        raise DataRefusedError(f"each patient once was needed, found twice: {', '.join(twice[:5])}; join their rows")


def _draw(seed: int, name: str) -> str:
    return sha256(f"{seed}:{name}".encode()).hexdigest()
