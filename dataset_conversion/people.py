"""Who is one person: subjects by their names, by what the profile says, and by images that are the same."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from scipy.cluster.hierarchy import DisjointSet

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.people_by_name import people_by_name
from nnunet_ext.core.provenance import sha256
from nnunet_ext.dataset_conversion.draw_sets import Membership, Patient
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.same_images import same_images, shows_something
from nnunet_ext.dataset_conversion.scan import Scan

_SHOWN: Final = 6
_OTHERWISE: Final = 'if not: person = "subject" under [participants] of a profile'


@dataclass(frozen=True)
class People:
    """Cases with the person of each.

    Parameters
    ----------
    cases
        In their given order.
    known
        The sets that an existing dataset has, by person.
    assumptions, warnings
        Who was taken for one person, and who was not although it looks so.
    """

    cases: list[PlannedCase]
    known: Mapping[Patient, Membership]
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...]


def find_people(cases: Sequence[PlannedCase], scans: Sequence[Scan], known: Mapping[Patient, Membership]) -> People:
    """Find the subjects that are one person, within a dataset and across datasets.

    A person is known by the first of its subjects; by the one that an existing dataset knows it by, where it has one.

    Parameters
    ----------
    cases
        Of all datasets. Images of those that are left out or refused are not compared.
    scans
        The datasets.
    known
        The set of each subject that an existing dataset has.

    Raises
    ------
    DataRefusedError
        Where the profile's pattern for the person finds nobody.
    """
    everybody = sorted({case.own for case in cases if case.name is not None} | set(known))
    circles = DisjointSet(everybody)
    assumptions: list[str] = []
    warnings: list[str] = []
    for scan in scans:
        name = scan.source.name
        subjects = [subject for dataset, subject in everybody if dataset == name]
        if not scan.profile.participants.person_is_assumed:
            for subject, person in _stated(scan, subjects):
                _join(circles, (name, subject), (name, "person", person))
            continue
        groups, said = _assumed(scan, subjects)
        warnings += said
        if groups:
            assumptions.append(f"{name}: {_one_each(groups)}, by their names ({_OTHERWISE})")
        for group in groups:
            _join(circles, *((name, subject) for subject in group))
    for patients, files in _same(cases, known):
        if not all(circles.connected(patients[0], patient) for patient in patients):
            assumptions.append(f"{_listed(patients)} are one person: the same image ({files})")
        _join(circles, *patients)
    for patient, member in known.items():
        _join(circles, patient, member.person or patient)
    subsets = (sorted(found & set(everybody)) for found in circles.subsets())
    person_of, said = _persons([group for group in subsets if group], known)
    by_person: dict[Patient, Membership] = {}
    for patient, member in sorted(known.items(), key=lambda item: (not item[1].site, item[0])):
        by_person.setdefault(member.person or patient, member)
    found = [replace(case, person=person_of.get(case.own)) for case in cases]
    return People(found, by_person, tuple(assumptions), (*warnings, *said))


def _join(circles: DisjointSet, *members: tuple[str, ...]) -> None:
    for member in members:
        circles.add(member)
        circles.merge(members[0], member)


def _stated(scan: Scan, subjects: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give who each subject is by the profile: by a column of the table, or by a pattern of the name."""
    columns = scan.profile.participants
    yield from scan.participants.persons.items()
    if not columns.person_pattern:
        return
    pattern = re.compile(columns.person_pattern)
    group = "person" if "person" in pattern.groupindex else 1
    found = {name: pattern.search(name) or pattern.search(name.removeprefix("sub-")) for name in subjects}
    persons = {name: match[group] for name, match in found.items() if match is not None and match[group]}
    if not persons:
        raise DataRefusedError(
            f"{scan.source.name}: subjects in whose names person_pattern {columns.person_pattern!r} finds the person "
            f"were needed, found none, such as {min(subjects, default='no subject')}; mend the pattern in the profile"
        )
    yield from ((name, person.removeprefix("sub-")) for name, person in persons.items())


def _assumed(scan: Scan, subjects: Iterable[str]) -> tuple[list[tuple[str, ...]], list[str]]:
    """Give who is one person by the names, and which of them are not, for all that, with the reason."""
    by_name, sexes = people_by_name(subjects), scan.participants.sexes
    warnings = [
        f"{scan.source.name}: {first_few(group, _SHOWN)} are {len(group)} people, although by their names they may be "
        f"one: so many visits are not assumed (if they are one: person_pattern under [participants] of a profile)"
        for group in by_name.too_many
    ]
    groups = []
    for group in by_name.groups:
        if len({sexes[subject] for subject in group if subject in sexes}) > 1:
            warnings.append(f"{scan.source.name}: {first_few(group, _SHOWN)} are several people: the sex differs")
        else:
            groups.append(group)
    return groups, warnings


def _same(
    cases: Iterable[PlannedCase], known: Mapping[Patient, Membership]
) -> Iterator[tuple[tuple[Patient, ...], str]]:
    """Give the subjects that have an image in common, and which it is."""
    taken = [case for case in cases if not case.reason]
    found = {case.source.root / image: (case.own, image) for case in taken for image in case.images if image}
    for group in same_images(found, lambda path: found[path][0]):
        yield tuple(sorted({found[path][0] for path in group})), " and ".join(found[path][1] for path in group[:_SHOWN])
    digests = {digest: patient for patient, member in known.items() for digest in member.images.values()}
    for path, (patient, image) in found.items() if digests else ():
        if image not in (known[patient].images if patient in known else ()):
            other = digests.get(_digest(path))
            if other is not None and other != patient and shows_something(path):
                yield (other, patient), image


def _digest(path: Path) -> str:
    try:
        return sha256(path)
    except OSError:  # the conversion will say what is wrong with it
        return ""


def _persons(
    groups: Sequence[Sequence[Patient]], known: Mapping[Patient, Membership]
) -> tuple[dict[Patient, Patient], list[str]]:
    """Name the person of each subject that has a name of several; nobody who is known gets another name."""
    person_of: dict[Patient, Patient] = {}
    warnings = []
    for group in groups:
        old = {patient: known[patient].person or patient for patient in group if patient in known}
        trained, tested = ([one for one in old if known[one].set_name == name] for name in ("train", "test"))
        # Where the dataset has them on both sides already, a new one is not tested on.
        named = min([old[patient] for patient in trained] or list(old.values()) or group)
        person_of |= {patient: old.get(patient, named) for patient in group if old.get(patient, named) != patient}
        if trained and tested:
            warnings.append(
                f"{_listed(old)} are one person, and the dataset trains on {_listed(trained)} and tests on "
                f"{_listed(tested)}; it stays as it is: convert anew to another -d to mend it"
            )
    return person_of, warnings


def _listed(patients: Iterable[Patient]) -> str:
    return " and ".join(f"{subject} of {dataset}" for dataset, subject in patients)


def _one_each(groups: Sequence[tuple[str, ...]]) -> str:
    said = ", ".join(f"{' and '.join(group)} are one person" for group in groups[:_SHOWN])
    return said if len(groups) <= _SHOWN else f"{said}, and so are {len(groups) - _SHOWN} more groups"
