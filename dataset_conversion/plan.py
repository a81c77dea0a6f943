"""From what was found to what will be written: each image is included, or skipped with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.target import Target
from nnunet_ext.dataset_conversion.names import ImageName, parse_image_name, strip_ending
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.profile import ClassProfile, Profile
from nnunet_ext.dataset_conversion.selection import Selection, select
from nnunet_ext.dataset_conversion.source import Source, read_sites
from nnunet_ext.dataset_conversion.splits import draw_test_patients
from nnunet_ext.dataset_conversion.walk import find_images, find_labels


@dataclass(frozen=True)
class Plan:
    """All that a conversion follows from.

    Parameters
    ----------
    cases
        Every image found, once, sorted by case name.
    profile
        How the datasets name things, and what is done with odd labels.
    target
        What is segmented.
    seed
        Of the draw of test patients, and of the folds.
    warnings
        What the user's lists name and no image has: a typing error there leaves a patient in, or out.
    """

    cases: tuple[PlannedCase, ...]
    profile: Profile
    target: Target
    seed: int
    warnings: tuple[str, ...] = ()


def make_plan(
    sources: Sequence[Source],
    profile: Profile,
    target: Target,
    *,
    test_fraction: float,
    seed: int,
    labelled: bool = True,
    selection: Selection | None = None,
) -> Plan:
    """Decide for each image of the sources what becomes of it. Names are read; no image is opened.

    Parameters
    ----------
    sources
        The datasets.
    profile
        How they name things.
    target
        What is to be segmented.
    test_fraction
        Of each site's patients.
    seed
        Of the draw of test patients, and later of the folds.
    labelled
        False where nothing is annotated yet: every image goes to the pool, no label is looked for.
    selection
        The user's include and exclude lists and split; None where there are none.

    Returns
    -------
    Plan
        With every image found.

    Raises
    ------
    DataRefusedError
        Where a source is no BIDS folder, or two images would get one name.
    """
    planned: list[PlannedCase] = []
    for source in sources:
        sites = read_sites(source, profile.site_columns)
        labels = _labels_of(source, profile) if labelled else {}
        for image in find_images(source.root):
            planned.append(_plan_case(source, image, sites, profile, labels))
    _refuse_equal_names(planned)
    chosen = select(planned, selection or Selection())
    planned = sorted(chosen.cases, key=lambda case: (case.case, case.image))
    sets = chosen.sets if chosen.sets is not None else _draw_sets(planned, test_fraction, seed)
    cases = tuple(_in_split(case, sets, labelled) for case in planned)
    return Plan(cases, profile, target, seed, chosen.warnings)


def _draw_sets(planned: Sequence[PlannedCase], test_fraction: float, seed: int) -> dict[tuple[str, str], str]:
    sites = {case.patient: case.site for case in planned if not case.reason}
    drawn = draw_test_patients(sites, test_fraction, seed)
    return {patient: "test" if patient in drawn else "train" for patient in sites}


def _in_split(case: PlannedCase, sets: Mapping[tuple[str, str], str], labelled: bool) -> PlannedCase:
    if case.reason:
        return case
    return replace(case, split=sets[case.patient] if labelled else "pool")


def _labels_of(source: Source, profile: Profile) -> Mapping[str, Mapping[str, list[str]]]:
    folders = {found.folder for found in profile.classes.values()}
    listed = {folder: find_labels(source.root, folder) for folder in folders}
    return {name: listed[found.folder] for name, found in profile.classes.items()}


def _plan_case(
    source: Source,
    image: str,
    sites: Mapping[str, str],
    profile: Profile,
    labels: Mapping[str, Mapping[str, list[str]]],
) -> PlannedCase:
    path = PurePosixPath(image)
    name = parse_image_name(path.name)
    case = PlannedCase(f"{source.name}_{strip_ending(path.name)}", source, name, source.name, image)
    if name is None:
        return case.refuse("not a BIDS file name: sub-LABEL, then key-value pairs, then the contrast")
    case = replace(case, site=sites.get(name.subject, source.name))
    if path.parts[0] != name.subject:
        return case.refuse(f"the folder says {path.parts[0]} and the file says {name.subject}")
    if path.parent.name not in profile.folders:
        return case.skip(f"not an anatomical image: folder {path.parent.name}")
    if name.suffix not in profile.suffixes:
        return case.skip(f"contrast {name.suffix} is not among the profile's: {' '.join(profile.suffixes)}")
    found: list[tuple[str, str | None]] = []
    for label_class, files in labels.items():
        outcome = _find_label(name, label_class, profile.classes[label_class], files)
        if isinstance(outcome, _Absent):
            return case.refuse(outcome.reason) if outcome.refused else case.skip(outcome.reason)
        found.append((label_class, outcome))
    return replace(case, labels=tuple(found))


@dataclass(frozen=True)
class _Absent:
    reason: str
    refused: bool


def _find_label(
    name: ImageName, label_class: str, profile: ClassProfile, files: Mapping[str, list[str]]
) -> str | _Absent | None:
    """Find the one label of a class: its path, None for a class known to be absent, or why there is none."""
    wanted = [name.fill(template) for template in profile.templates]
    matches = [path for stem in wanted for path in files.get(stem, [])]
    if len(matches) > 1:
        return _Absent(f"two files claim to be its {label_class} mask: {' and '.join(matches)}", refused=True)
    if matches:
        folder = next((part for part in Path(matches[0]).parts if part.startswith("sub-") and "_" not in part), None)
        if folder is not None and folder != name.subject:
            return _Absent(f"its {label_class} mask lies in another subject's folder: {matches[0]}", refused=True)
        return matches[0]
    if profile.missing == "empty":
        return None
    reason = f"no {label_class} mask: looked in {profile.folder} for {', '.join(wanted)}"
    return _Absent(reason, refused=profile.missing == "error")


def _refuse_equal_names(planned: Sequence[PlannedCase]) -> None:
    first: dict[str, PlannedCase] = {}
    for case in planned:
        other = first.setdefault(case.case, case)
        if other is not case and not (case.reason or other.reason):
            raise DataRefusedError(
                f"two images would both be case {case.case}: {other.image} and {case.image} "
                f"of {case.source.root}; remove or rename one"
            )
