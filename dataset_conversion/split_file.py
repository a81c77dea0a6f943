"""A split that somebody else has made: who is trained on and who is tested on, from a file."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.dataset_conversion.file_lists import FileList, ListEntry, load_file_list

_SETS: Final[Mapping[str, str]] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
_SHOWN: Final = 5


@dataclass(frozen=True)
class SplitAssignment:
    """What a split says about the cases at hand.

    Parameters
    ----------
    set_of
        The set of each person that the split names, by dataset and subject. All cases of a person follow it.
    unmatched
        Names in the split that no case has, sorted.
    shared
        Names without a dataset that patients of several datasets have, sorted: each of them is in that set.
    following
        Subjects that the split does not name and that follow their person, with its subjects that the split names.
    """

    set_of: Mapping[tuple[str, str], str]
    unmatched: tuple[str, ...]
    shared: tuple[str, ...]
    following: Mapping[tuple[str, str], tuple[str, ...]]


def read_split_file(path: Path) -> dict[str, frozenset[str]]:
    """Read a split from YAML or JSON, such as SCIseg's published ones.

    Parameters
    ----------
    path
        A file with the headings `train`, `val` and `test`, each above a list of names.

    Returns
    -------
    dict
        For each set (`train`, `val`, `test`) the names as they stand in the file: of files, stems, subjects or cases,
        or `DATASET/` and one of these. A set without names is not in the result.

    Raises
    ------
    FileRefusedError
        Where the file cannot be read, has other headings, or names nobody.
    """
    names: dict[str, set[str]] = defaultdict(set)
    for entry in load_file_list(path).entries:
        if len(entry.headings) != 1 or entry.headings[0].lower() not in _SETS:
            found = " above ".join(entry.headings) or "no heading"
            raise FileRefusedError(
                path,
                f"names directly under the headings train, val and test were needed, "
                f"found {entry.text!r} under {found}; write: train: [sub-01, sub-02]",
            )
        names[_SETS[entry.headings[0].lower()]].add(entry.text)
    if not names:
        raise FileRefusedError(path, "a split was needed, found no names; write: train: [sub-01, sub-02]")
    return {name: frozenset(listed) for name, listed in names.items()}


def assign(
    split: Mapping[str, Iterable[str]],
    cases: Mapping[str, tuple[str, str]],
    people: Mapping[tuple[str, str], tuple[str, str]] = MappingProxyType({}),
) -> SplitAssignment:
    """Say which set each person is in.

    Names match cases as entries of a `FileList` do, whole part by whole part: `sub-1` never finds `sub-10`.

    Parameters
    ----------
    split
        For each set the names in it, see `read_split_file`.
    cases
        Dataset and subject of each case. A case is named `{dataset}_{stem}`.
    people
        The person of each subject; a subject that is not in it is a person of its own.

    Raises
    ------
    DataRefusedError
        Where a person is in two sets.
    """
    datasets = frozenset(dataset for dataset, _ in cases.values())
    lists = {name: FileList(tuple(map(ListEntry, sorted(listed))), datasets) for name, listed in split.items()}
    named_by: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    datasets_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    subjects: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for case, patient in cases.items():
        stem = case.removeprefix(f"{patient[0]}_")
        found = [(name, entry.text) for name, listed in lists.items() for entry in listed.all_matches(patient[0], stem)]
        for name, text in found:
            named_by[people.get(patient, patient)].setdefault(name, text)
            subjects[people.get(patient, patient)].add(patient)
            datasets_of[name, text].add(patient[0])
    _refuse_two_sets(named_by)
    listed_texts = {(name, entry.text) for name, listed in lists.items() for entry in listed.entries}
    return SplitAssignment(
        set_of={patient: next(iter(sets)) for patient, sets in named_by.items()},
        unmatched=tuple(sorted({text for _, text in listed_texts - set(datasets_of)})),
        shared=tuple(sorted({text for (_, text), where in datasets_of.items() if len(where) > 1})),
        following={
            subject: tuple(name for _, name in sorted(subjects[person]))
            for subject, person in sorted(people.items())
            if person in named_by and subject not in subjects[person]
        },
    )


def _refuse_two_sets(named_by: Mapping[tuple[str, str], Mapping[str, str]]) -> None:
    """Refuse a patient in two sets, naming the entries that put it there."""
    torn = {patient: sets for patient, sets in sorted(named_by.items()) if len(sets) > 1}
    if not torn:
        return
    shown = [
        f"{subject} of {dataset} ({', '.join(f'{name} by {text!r}' for name, text in sets.items())})"
        for (dataset, subject), sets in list(torn.items())[:_SHOWN]
    ]
    more = f" and {len(torn) - _SHOWN} more" if len(torn) > _SHOWN else ""
    dataset, subject = next(iter(torn))
    raise DataRefusedError(
        f"each patient in one set of the split was needed, found in several: {'; '.join(shown)}{more}; where two "
        f"datasets use the same subject labels, write the dataset before each of these names: {dataset}/{subject}; "
        f'where two subjects were taken for one person: person = "subject" under [participants] of a profile'
    )
