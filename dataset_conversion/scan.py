"""What one dataset holds: names and tables only, no image is opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import UsageError
from nnunet_ext.dataset_conversion.class_profile import ClassProfile
from nnunet_ext.dataset_conversion.find_label import LabelFiles
from nnunet_ext.dataset_conversion.participants import Participants, read_participants
from nnunet_ext.dataset_conversion.profile import AUTO, Profile
from nnunet_ext.dataset_conversion.recognise import recognise, what_was_found, with_folders_that_have_labels
from nnunet_ext.dataset_conversion.source import Source
from nnunet_ext.dataset_conversion.stray_labels import stray_labels
from nnunet_ext.dataset_conversion.walk import find_labels, walk_images

_DERIVATIVES: Final = "derivatives"


@dataclass(frozen=True)
class Scan:
    """What one dataset holds.

    Parameters
    ----------
    source
        The dataset.
    profile
        How it names things: as asked for, or as recognised.
    images
        Paths of all images, relative to the dataset, sorted.
    labels
        For each class that is needed the files that may be its masks.
    participants
        From its table.
    assumptions
        Under profile `auto`: what was assumed, in sentences.
    warnings
        What is odd about it, in sentences.
    """

    source: Source
    profile: Profile
    images: tuple[str, ...]
    labels: Mapping[str, LabelFiles]
    participants: Participants
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def scan_source(source: Source, asked: Profile, classes: Sequence[str], policies: Mapping[str, str]) -> Scan:
    """Read the names of a dataset's files, and its table.

    Parameters
    ----------
    source
        The dataset.
    asked
        The profile to read it by; `auto` is replaced by what is recognised.
    classes
        Those whose masks are looked for; none where nothing is annotated yet.
    policies
        For missing labels and channels, in place of the profile's where it has those.

    Raises
    ------
    DataRefusedError
        Where it is no BIDS folder.
    UsageError
        Where the profile does not know a class.
    """
    profile, assumptions = recognise(source, asked) if asked.name == AUTO else (asked, ())
    profile = profile.with_missing({name: policy for name, policy in policies.items() if profile.knows(name)})
    missing = [name for name in classes if name not in profile.classes]
    if missing:
        raise UsageError(
            f"{source.name}: masks of {', '.join(missing)} are needed, and profile {profile.name} does not say how "
            f"they are named; write a profile with [classes.{missing[0]}]: --profile {source.name}=mine.toml"
        )
    images = walk_images(source.root, profile.root)
    needed = {name: profile.classes[name] for name in classes}
    listed = _listed(source.root, needed)
    if asked.name == AUTO and needed and not any(listed.values()):
        listed = {folder: find_labels(source.root, folder) for folder in _derivatives(source.root)}
        needed, said = with_folders_that_have_labels(images, needed, listed)
        profile = replace(profile, classes={**profile.classes, **needed})
        assumptions += said
    labels = {name: _joined([listed.get(folder, {}) for folder in found.folders]) for name, found in needed.items()}
    participants = read_participants(source.root, profile.participants)
    if asked.name == AUTO:
        assumptions += what_was_found(profile, images, needed, labels, participants)
    named = tuple(f"{source.name}: {sentence}" for sentence in (*assumptions, *participants.said))
    strays = tuple(f"{source.name}: {sentence}" for sentence in stray_labels(images, labels))
    return Scan(source, profile, tuple(images), labels, participants, named, strays)


def _listed(root: Path, classes: Mapping[str, ClassProfile]) -> dict[str, dict[str, list[str]]]:
    folders = {folder for found in classes.values() for folder in found.folders}
    return {folder: find_labels(root, folder) for folder in sorted(folders)}


def _derivatives(root: Path) -> list[str]:
    folder = root / _DERIVATIVES
    found = [entry.name for entry in folder.iterdir() if entry.is_dir()] if folder.is_dir() else []
    return [f"{_DERIVATIVES}/{name}" for name in sorted(found) if not name.startswith(".")]


def _joined(listed: Sequence[Mapping[str, list[str]]]) -> LabelFiles:
    paths: dict[str, list[str]] = {}
    for files in listed:
        for stem, found in files.items():
            paths.setdefault(stem, []).extend(found)
    return LabelFiles(paths)
