"""Profile `auto`: which naming a dataset follows, and what is assumed of it, said in sentences."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.names import ImageName, parse_image_name
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.dataset_conversion.class_profile import ClassProfile
from nnunet_ext.dataset_conversion.find_label import LabelFiles
from nnunet_ext.dataset_conversion.participants import Participants
from nnunet_ext.dataset_conversion.profile import Profile, shipped_profiles
from nnunet_ext.dataset_conversion.source import Source

_SHOWN: Final = 6


def recognise(source: Source, auto: Profile) -> tuple[Profile, tuple[str, ...]]:
    """Take the shipped profile of the dataset's own name; `auto` where there is none.

    Parameters
    ----------
    source
        A dataset, known by its folder's name, its name on the command line, or the `Name` in its
        `dataset_description.json`.
    auto
        The profile for datasets that are not known.

    Returns
    -------
    tuple
        The profile, and what is to be said of it.
    """
    known = {name.lower(): profile for profile in shipped_profiles() for name in (profile.name, *profile.aliases)}
    for name in (source.name, source.root.name, _described_name(source.root)):
        if name.lower() in known:
            profile = known[name.lower()]
            return profile, (f"known by its name {name!r}: profile {profile.name} (for another: --profile)",)
    return auto, ()


def with_folders_that_have_labels(
    images: Sequence[str], classes: Mapping[str, ClassProfile], listed: Mapping[str, Mapping[str, list[str]]]
) -> tuple[dict[str, ClassProfile], tuple[str, ...]]:
    """Look for each class in the derivatives folder that has most of its masks, where the usual one has none.

    Parameters
    ----------
    images
        Paths of the images.
    classes
        Those that are needed.
    listed
        For each derivatives folder its label files by name.

    Returns
    -------
    tuple
        The classes with the folders chosen, and what is to be said of them.
    """
    names = _parsed(images)
    chosen, said = dict(classes), []
    for name, profile in classes.items():
        counts = {folder: sum(_hits(names, profile, LabelFiles(files)).values()) for folder, files in listed.items()}
        found = sorted((folder for folder, count in counts.items() if count), key=lambda folder: -counts[folder])
        if found:
            chosen[name] = replace(profile, folders=(found[0],))
            others = f"; passed over: {', '.join(found[1:])}" if found[1:] else ""
            said.append(f"{' and '.join(profile.folders)} is empty or missing, {name} masks from {found[0]}{others}")
    return chosen, tuple(said)


def what_was_found(
    profile: Profile,
    images: Sequence[str],
    classes: Mapping[str, ClassProfile],
    labels: Mapping[str, LabelFiles],
    participants: Participants,
) -> tuple[str, ...]:
    """Say which names were taken for masks and which were not, which contrasts there are, and where sites come from."""
    names = _parsed(images)
    contrasts = Counter(name.suffix for name in names if not profile.images.why_not(name))
    said = [f"contrasts: {_counted(contrasts) or 'none'}"]
    taken: set[str] = set()
    for label_class, found in classes.items():
        hits = _hits(names, found, labels[label_class])
        said.append(f"{label_class} masks in {' and '.join(found.folders)}: {_counted(hits) or 'none found'}")
        taken |= {
            stem for template in hits for name in names for stem in labels[label_class].named_as(name.fill(template))
        }
    unused = Counter(_tail(stem) for stem in {stem for files in labels.values() for stem in files.paths} - taken)
    if unused:
        said.append(f"label files not used: {_counted(unused)}")
    known = len(participants.sites)
    return (*said, f"sites: participants.tsv ({known} participants)" if known else "site: the dataset's name")


def _hits(names: Sequence[ImageName], profile: ClassProfile, files: LabelFiles) -> Counter[str]:
    hits = {
        template: sum(bool(files.named_as(name.fill(template))) for name in names) for template in profile.templates
    }
    return Counter({template: count for template, count in hits.items() if count})


def _counted(counts: Counter[str]) -> str:
    shown = [f"{name} ({count})" for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    return first_few(shown, _SHOWN)


def _tail(stem: str) -> str:
    """Drop what differs from subject to subject, so that labels of one kind count together."""
    parts = stem.split("_")
    return "_".join(part for part in parts if not part.startswith(("sub-", "ses-", "run-", "acq-", "chunk-")))


def _parsed(images: Sequence[str]) -> list[ImageName]:
    found = (parse_image_name(PurePosixPath(path).name) for path in images)
    return [name for name in found if name is not None]


def _described_name(root: Path) -> str:
    try:
        return str(read_json_object(root / "dataset_description.json").get("Name", ""))
    except FileRefusedError:  # no description, or a broken one
        return ""
