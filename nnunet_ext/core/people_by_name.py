"""Subjects whose names say that they are one person: visits, sessions, repeats or sites behind a common stem."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MOST_VISITS: Final = 12
"""More subjects than this are not taken for one person, however plain their names are."""

MOST_LETTERS: Final = 5
"""The same where the names are less plain: of `sub-site750w01` to `sub-site750w06`, `w01` numbers people, not weeks."""

_TIMES: Final = (
    "session|sess|ses|visit|vis|rescan|scan|exam|rerun|run|repeat|repetition|rep|retest|test|baseline|base|bl|"
    "followup|follow|fup|fu|preop|postop|pre|post|timepoint|time|tp|months?|mths?|mo|weeks?|wk|days?|years?|yr|"
    "sites?|scanner|center|centre|hospital|magnet"
)
_DATE: Final = r"(?:19[89]|20[0-4])\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_WHOLE_DATE: Final = re.compile(_DATE)
# What is left before a marker must hold a digit, for `sub-zurich01` and `sub-M12` are numbered people. Two words that
# number nobody may follow a name in letters, where capitals set them apart (`sub-AnnaSes1`).
_PLAIN: Final = (
    re.compile(rf"(?P<stem>.*?\d.*?)\+?(?i:{_TIMES})\d*(?i:[mwdy]?)"),
    re.compile(r"(?P<stem>[A-Za-z]*[a-z])(?:Session|Ses|Visit|Baseline|Followup)\d*"),
    re.compile(rf"(?P<stem>.*\d.*?)\+?[A-Za-z]?{_DATE}"),
    re.compile(r"(?i:baseline|bl|followup|fu|preop|postop|pre|post|test|retest)\+?(?P<stem>[A-Z]?\d.*)"),
)
_LETTERS: Final = (
    re.compile(r"(?P<stem>.*\d)\+?[vmtwdysrVMTWDYSR](?P<number>\d+)"),
    re.compile(r"(?P<stem>.*\d)\+?[A-Za-z]+"),
    re.compile(r"(?P<stem>.*\d.*)\+(?P<number>[0-9A-Za-z]+)"),
)


@dataclass(frozen=True)
class PeopleByName:
    """Groups of subjects (`sub-9709Ses1`), each sorted.

    Parameters
    ----------
    groups
        Each taken for one person.
    too_many
        Each would be one person by the names, and has more subjects than a person has visits.
    """

    groups: tuple[tuple[str, ...], ...]
    too_many: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class _Reading:
    """How a subject's name was read; `in_front` where the marker stands before the stem."""

    stem: str
    plain: bool = True
    marked: bool = False
    starts_at_zero: bool = False
    in_front: bool = False


def people_by_name(subjects: Iterable[str]) -> PeopleByName:
    """Find the subjects of one dataset that are one person by their names.

    A name counts as marked where a word for a visit, a repeat or a site, a date, a letter with a number (`V1`, `M12`),
    letters alone (`a`, `Milan`), or a part behind `+` follows a stem that holds a digit. Subjects with one stem, but
    for case and zeros in front of numbers, are one person where at least one of two is marked. Plain numbers after
    letters mark nobody.

    Parameters
    ----------
    subjects
        With their prefix.

    Examples
    --------
    >>> people_by_name(["sub-9418", "sub-9709Ses1", "sub-9709Ses2"]).groups
    (('sub-9709Ses1', 'sub-9709Ses2'),)
    >>> people_by_name(["sub-zurich01", "sub-zurich02", "sub-M01", "sub-M12"]).groups
    ()
    """
    readings = {subject: _read(subject.removeprefix("sub-")) for subject in sorted(set(subjects))}
    members: dict[str, list[str]] = defaultdict(list)
    for subject, reading in readings.items():
        members[_spelt_alike(reading.stem)].append(subject)
    joined = [tuple(group) for group in members.values() if _one_person([readings[subject] for subject in group])]
    plausible = {group: len(group) <= _most([readings[subject] for subject in group]) for group in joined}
    return PeopleByName(
        groups=tuple(group for group in joined if plausible[group]),
        too_many=tuple(group for group in joined if not plausible[group]),
    )


def _read(label: str) -> _Reading:
    reading = _Reading(label)
    while (shorter := _without_plain_marker(reading)) is not None:
        reading = shorter
    for pattern in _LETTERS:
        if found := pattern.fullmatch(reading.stem):
            number = found.groupdict().get("number") or ""
            return _Reading(found["stem"], plain=False, marked=True, starts_at_zero=number.strip("0") == "" != number)
    return reading


def _without_plain_marker(reading: _Reading) -> _Reading | None:
    """Drop the last plain marker; None where there is none, or the name starts with a date and is a running number."""
    if _WHOLE_DATE.match(reading.stem):
        return None
    for pattern in _PLAIN:
        if found := pattern.fullmatch(reading.stem):
            return _Reading(found["stem"], marked=True, in_front=found.start("stem") > 0)
    return None


def _spelt_alike(stem: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", stem.casefold())


def _one_person(group: list[_Reading]) -> bool:
    """Say whether a marker tells them apart: `sub-test01` beside `sub-01` may be another person."""
    behind = any(reading.marked and not reading.in_front for reading in group)
    return len(group) > 1 and (behind or sum(reading.in_front for reading in group) > 1)


def _most(group: list[_Reading]) -> int:
    plain = all(reading.plain for reading in group) or any(reading.starts_at_zero for reading in group)
    return MOST_VISITS if plain else MOST_LETTERS
