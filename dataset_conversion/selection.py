"""Lists of the user's and of the profiles: which images to take, and who is tested on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nnunet_ext.dataset_conversion.file_lists import FileList, ListEntry, load_file_list
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.profile import Profile
from nnunet_ext.dataset_conversion.source import Source
from nnunet_ext.dataset_conversion.split_file import assign


@dataclass(frozen=True)
class Selection:
    """What the user gave, each None where it was not given.

    `include` and `exclude` are about images: of a person with several subject names, those not named stay out, or in.
    `split` is about people: a subject that it does not name follows its person.

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


def select(
    cases: Sequence[PlannedCase], selection: Selection, profiles: Mapping[Source, Profile]
) -> tuple[list[PlannedCase], dict[tuple[str, str], str] | None, list[str]]:
    """Leave out what the lists say, and assign patients to the sets of the split.

    A case that was refused or skipped before keeps its reason, and still counts as found for an entry of a list.

    Parameters
    ----------
    cases
        Of all datasets.
    selection
        The user's lists, which count for all datasets.
    profiles
        The profile of each dataset, whose lists count for it alone.

    Returns
    -------
    tuple
        All cases, those that the lists leave out skipped with the entry that did it; `train` or `test` of each patient
        that is left, None where no split was given; and warnings of names on the lists that no image has.

    Raises
    ------
    DataRefusedError
        Where the split puts a patient into two sets.
    FileRefusedError
        Where a list that a profile names is not there.
    """
    found = [(case.source.name, image) for case in cases for image in case.images if image]
    chosen, warnings = _narrowed(list(cases), selection.include, selection.exclude, found)
    for source, profile in profiles.items():
        here = [image for image in found if image[0] == source.name]
        include = _listed(profile.include) if profile.include else None
        exclude = _listed([*profile.exclude, *_own_list(source, profile)])
        own, said = _narrowed([case for case in chosen if case.source == source], include, exclude, here)
        chosen = [case for case in chosen if case.source != source] + own
        warnings += [f"profile {profile.name} of {source.name}: {warning}" for warning in said]
    if selection.split is None:
        return chosen, None, warnings
    people = {case.own: case.patient for case in cases}
    assigned = assign(selection.split, {case.case: case.own for case in cases}, people)
    warnings += [
        f"the split does not name {subject} of {dataset}, which is the same person as {', '.join(named)}: it follows"
        for (dataset, subject), named in assigned.following.items()
    ]
    warnings += [f"the split names {ListEntry(name).shown!r}, which no image has" for name in assigned.unmatched]
    warnings += [
        f"the split names {ListEntry(name).shown!r}, which several datasets have: all are taken"
        for name in assigned.shared
    ]
    sets = {patient: "test" if name == "test" else "train" for patient, name in assigned.set_of.items()}
    return chosen, sets, warnings


def _narrowed(
    cases: list[PlannedCase], include: FileList | None, exclude: FileList | None, found: Sequence[tuple[str, str]]
) -> tuple[list[PlannedCase], list[str]]:
    """Skip what the lists leave out, and say which of their entries name nothing."""
    warnings = [
        f"the {name} list names {entry.shown!r}, which no image has"
        for name, entries in (("include", include), ("exclude", exclude))
        for entry in (entries.unmatched(found) if entries is not None else ())
    ]
    return [case if case.reason else _listed_case(case, include, exclude) for case in cases], warnings


def _listed_case(case: PlannedCase, include: FileList | None, exclude: FileList | None) -> PlannedCase:
    images = [(case.source.name, image) for image in case.images if image]
    if exclude is not None:
        entry = next((found for image in images if (found := exclude.matches(*image))), None)
        if entry is not None:
            return case.skip(f"on the exclude list as {entry.shown!r}" + (f": {entry.reason}" if entry.reason else ""))
    if include is not None and not any(include.matches(*image) for image in images):
        return case.skip("not on the include list")
    return case


def _listed(entries: Iterable[str | ListEntry]) -> FileList:
    return FileList(tuple(entry if isinstance(entry, ListEntry) else ListEntry(entry) for entry in entries))


def _own_list(source: Source, profile: Profile) -> tuple[ListEntry, ...]:
    """Read the list that the dataset brings itself."""
    if not profile.exclude_file:
        return ()
    entries = load_file_list(source.root / profile.exclude_file).entries
    headings = set(profile.exclude_headings)
    return tuple(entry for entry in entries if not headings or headings & set(entry.headings))
