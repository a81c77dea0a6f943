"""From what was found to what will be written: each image is included, or skipped with its reason."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import PurePosixPath

from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.names import ImageName, parse_image_name, strip_ending
from nnunet_ext.core.target import Target
from nnunet_ext.dataset_conversion.draw_sets import Membership, Patient, draw_sets
from nnunet_ext.dataset_conversion.group_channels import group_channels
from nnunet_ext.dataset_conversion.people import find_people
from nnunet_ext.dataset_conversion.plan_labels import plan_labels
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.profile import Profile, SiteRules
from nnunet_ext.dataset_conversion.scan import Scan, scan_source
from nnunet_ext.dataset_conversion.selection import Selection, select
from nnunet_ext.dataset_conversion.source import Source


class Labels(StrEnum):
    """Which images are expected to have labels."""

    NEEDED = "needed"
    """All of them."""

    POOL = "pool"
    """Those without any are the pool of the correction loop."""

    NONE = "none"
    """Nothing is annotated yet: no label is looked for, and all images are there to be predicted."""


@dataclass(frozen=True)
class PlanOptions:
    """What a plan depends on besides the datasets.

    Parameters
    ----------
    test_fraction
        Of each site's patients.
    seed
        Of the draw of test patients, and of the folds.
    labels
        Which images are expected to have labels.
    selection
        The user's include and exclude lists and split.
    known
        Sets of subjects that an existing dataset has, to which this plan adds.
    missing
        Other policies for missing labels and channels than the profiles', by class or channel.
    resample
        Whether a mask on another grid is resampled to its image, by nearest neighbour, rather than refused.
    register
        Whether a further channel on another grid is registered to the first, rather than refused.
    """

    test_fraction: float = 0.2
    seed: int = 42
    labels: Labels = Labels.NEEDED
    selection: Selection = field(default_factory=Selection)
    known: Mapping[Patient, Membership] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    resample: bool = False
    register: bool = False


@dataclass(frozen=True)
class Plan:
    """All that a conversion follows from.

    Parameters
    ----------
    cases
        Every image found, sorted by case name.
    profiles
        For each dataset how it names things, and what is done with odd labels.
    target
        What is segmented.
    seed, resample, register
        As in `PlanOptions`.
    assumptions
        What was assumed about the datasets.
    warnings
        What the lists name and no image has: a typing error there leaves a patient in, or out; and subjects that may
        be one person.
    """

    cases: tuple[PlannedCase, ...]
    profiles: Mapping[str, Profile]
    target: Target
    seed: int
    resample: bool = False
    register: bool = False
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def make_plan(
    sources: Sequence[Source], profiles: Profile | Mapping[str, Profile], target: Target, options: PlanOptions
) -> Plan:
    """Decide for each image of the sources what becomes of it.

    Names are read. Of an image no more is read than shows that no other has the same bytes, see `same_images`.

    Parameters
    ----------
    sources
        The datasets.
    profiles
        How all datasets name things, or for each dataset's name how it does; `auto` is replaced by what is recognised.
    target
        What is to be segmented.
    options
        All else.

    Returns
    -------
    Plan
        With every image found.

    Raises
    ------
    DataRefusedError
        Where a source is no BIDS folder, or a patient belongs to two sets.
    UsageError
        Where a profile does not know a class or a channel of the target, or none knows one that has another policy.
    """
    classes = target.mask_channels if options.labels is Labels.NONE else target.needed_classes
    by_name = sorted(sources, key=lambda source: source.name)  # in whatever order they were given
    asked = dict.fromkeys((s.name for s in sources), profiles) if isinstance(profiles, Profile) else profiles
    scans = [scan_source(source, asked[source.name], classes, options.missing) for source in by_name]
    _refuse_unknown_policies(options.missing, scans)
    planned = [case for scan in scans for case in _plan_source(scan, target, options.labels)]
    people = find_people(_spell_sites_alike(_refuse_equal_names(planned), options.known), scans, options.known)
    profiles_by_source = {scan.source: scan.profile for scan in scans}
    chosen, split, unmatched = select(people.cases, options.selection, profiles_by_source)
    rules = {scan.source.name: scan.profile.sites for scan in scans}
    cases = _into_sets(chosen, rules, split, replace(options, known=people.known))
    found = {(scan.source.name, image) for scan in scans for image in scan.images}
    _prove_complete(found, cases)
    return Plan(
        cases=tuple(sorted(cases, key=lambda case: (case.case, case.image))),
        profiles={scan.source.name: scan.profile for scan in scans},
        target=target,
        seed=options.seed,
        resample=options.resample,
        register=options.register,
        assumptions=(*(sentence for scan in scans for sentence in scan.assumptions), *people.assumptions),
        warnings=(*(sentence for scan in scans for sentence in scan.warnings), *people.warnings, *unmatched),
    )


def _refuse_unknown_policies(missing: Mapping[str, str], scans: Sequence[Scan]) -> None:
    unknown = [name for name in missing if not any(scan.profile.knows(name) for scan in scans)]
    if unknown:
        known = sorted({name for scan in scans for name in (*scan.profile.classes, *scan.profile.channels)})
        raise UsageError(f"--missing needs NAME=POLICY with a name of {', '.join(known)}; found {', '.join(unknown)}")


def _plan_source(scan: Scan, target: Target, labels: Labels) -> list[PlannedCase]:
    cases: list[PlannedCase] = []
    usable: list[tuple[str, ImageName]] = []
    for image in scan.images:
        name = parse_image_name(PurePosixPath(image).name)
        case = _case_of(scan, (image,), name)
        if case.reason or name is None:
            cases.append(case)
        else:
            usable.append((image, name))
    for group in group_channels(usable, scan.profile, target):
        case = _case_of(scan, group.images, group.name)
        if group.reason:
            cases.append(case.refuse(group.reason) if group.refused else case.skip(group.reason))
        else:
            cases += plan_labels(case, scan, pool=labels is Labels.POOL)
    return cases


def _case_of(scan: Scan, images: tuple[str, ...], name: ImageName | None) -> PlannedCase:
    """Describe a case, refused or skipped where its first image's name or place already says so."""
    source = scan.source
    path = PurePosixPath(next(image for image in images if image))
    case = PlannedCase(f"{source.name}_{strip_ending(path.name)}", source, name, source.name, images)
    if name is None:
        return case.refuse("not a BIDS file name: sub-LABEL, then key-value pairs, then the contrast")
    participants = scan.participants
    site = participants.sites.get(name.subject, source.name)
    case = replace(case, site=site, pathology=participants.pathologies.get(name.subject, ""))
    inside = path.relative_to(scan.profile.root).parts
    if inside[0] != name.subject:
        return case.refuse(f"the folder says {inside[0]} and the file says {name.subject}")
    session = name.entity("ses")
    if len(inside) > 2 and inside[1].startswith("ses-") and inside[1] != f"ses-{session}":
        return case.refuse(f"the folder says {inside[1]} and the file says {f'ses-{session}' if session else 'none'}")
    if path.parent.name not in scan.profile.folders:
        return case.skip(f"not an anatomical image: folder {path.parent.name}")
    return case


def _into_sets(
    cases: Sequence[PlannedCase],
    rules: Mapping[str, SiteRules],
    split: Mapping[Patient, str] | None,
    options: PlanOptions,
) -> list[PlannedCase]:
    if options.labels is Labels.NONE:
        return [case if case.reason else replace(case, split="pool", split_by="no label") for case in cases]
    labelled = [case for case in cases if not case.reason and case.labels]
    sets = draw_sets(labelled, rules, options.test_fraction, options.seed, split=split, known=options.known)
    return [case if case.reason else _in_set(case, sets, options.known) for case in cases]


def _in_set(case: PlannedCase, sets: Mapping[Patient, Membership], known: Mapping[Patient, Membership]) -> PlannedCase:
    member = sets.get(case.patient) or known.get(case.patient)
    if case.labels:
        if member is None:
            return case.skip("the split does not name its patient")
        return replace(case, split=member.set_name, split_by=member.by)
    if member is not None and member.set_name == "test":
        return case.skip("its patient is tested on: correcting this image and training on it would leak")
    return replace(case, split="pool", split_by="no label")


def _spell_sites_alike(cases: Sequence[PlannedCase], known: Mapping[Patient, Membership]) -> list[PlannedCase]:
    """Spell sites that differ in case alone as an existing dataset does, else as most cases do: they are one site."""
    counts = Counter(case.site for case in cases) + Counter({m.site: len(cases) for m in known.values() if m.site})
    spellings = {site.casefold(): site for site in sorted(counts, key=lambda site: (counts[site], site))}
    return [replace(case, site=spellings[case.site.casefold()]) for case in cases]


def _refuse_equal_names(planned: Sequence[PlannedCase]) -> list[PlannedCase]:
    """Refuse images that would be one case, such as a `.nii` beside a `.nii.gz`: nobody knows which is meant."""
    images: dict[str, list[str]] = defaultdict(list)
    for case in planned:
        if not case.reason:
            images[case.case].append(case.image)
    return [
        case.refuse(
            f"several images would be this case: {' and '.join(images[case.case])}; remove or rename all but one"
        )
        if not case.reason and len(images[case.case]) > 1
        else case
        for case in planned
    ]


def _prove_complete(found: set[tuple[str, str]], cases: Sequence[PlannedCase]) -> None:
    """Every image that was found stands in the plan; nothing stands there that was not found."""
    planned = {(case.source.name, image) for case in cases for image in case.images if image}
    if planned != found:
        raise DataRefusedError(f"images would be lost or made up: {sorted(planned ^ found)[:5]}; please report this")
