"""The user's own lists: which images to take, and who is tested on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nnunet_ext.dataset_conversion.file_lists import FileList
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.split_file import assign


@dataclass(frozen=True)
class Selection:
    """What the user gave, each None where it was not given.

    Parameters
    ----------
    include
        Only the images on it are taken.
    exclude
        The images on it are left out.
    split
        For each set (train, val, test) the names in it. Patients of `val` are trained on: nnU-Net validates on folds.
    """

    include: FileList | None = None
    exclude: FileList | None = None
    split: Mapping[str, frozenset[str]] | None = None


@dataclass(frozen=True)
class Selected:
    """What became of the cases.

    Parameters
    ----------
    cases
        All of them, those that the lists leave out skipped with the entry that did it.
    sets
        `train` or `test` of each patient that is left; None where no split was given.
    warnings
        Names on the lists that no image has.
    """

    cases: list[PlannedCase]
    sets: dict[tuple[str, str], str] | None
    warnings: tuple[str, ...]


def select(cases: Sequence[PlannedCase], selection: Selection) -> Selected:
    """Leave out what the lists say, and assign patients to the sets of the split.

    A case that was refused or skipped before keeps its reason, and still counts as found for an entry of a list.

    Raises
    ------
    DataRefusedError
        Where the split puts a patient into two sets.
    """
    chosen = [case if case.reason else _listed(case, selection) for case in cases]
    found = [(case.source.name, case.image) for case in cases]
    warnings = []
    for name, entries in (("include", selection.include), ("exclude", selection.exclude)):
        for entry in entries.unmatched(found) if entries is not None else ():
            warnings.append(f"the {name} list names {entry.text!r}, which no image has")
    if selection.split is None:
        return Selected(chosen, None, tuple(warnings))
    assigned = assign(selection.split, {case.case: case.patient for case in cases})
    warnings += [f"the split names {name!r}, which no image has" for name in assigned.unmatched]
    warnings += [f"the split names {name!r}, which several datasets have: all are taken" for name in assigned.shared]
    sets = {patient: "test" if name == "test" else "train" for patient, name in assigned.set_of.items()}
    chosen = [
        case if case.reason or case.patient in sets else case.skip("the split does not name its patient")
        for case in chosen
    ]
    return Selected(chosen, sets, tuple(warnings))


def _listed(case: PlannedCase, selection: Selection) -> PlannedCase:
    if selection.exclude is not None:
        entry = selection.exclude.matches(case.source.name, case.image)
        if entry is not None:
            return case.skip(f"on the exclude list as {entry.text!r}" + (f": {entry.reason}" if entry.reason else ""))
    if selection.include is not None and selection.include.matches(case.source.name, case.image) is None:
        return case.skip("not on the include list")
    return case
