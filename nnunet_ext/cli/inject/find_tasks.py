"""Which images of a BIDS folder get lesions, of what kind, and under which name."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from nnunet_ext.cli.wanted_labels import wanted_labels
from nnunet_ext.core.labels import CORD
from nnunet_ext.core.names import ImageName
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.class_profile import ClassProfile
from nnunet_ext.dataset_conversion.plan import Plan, PlanOptions, make_plan
from nnunet_ext.dataset_conversion.planned_case import PlannedCase, PlannedLabel
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.source import Source
from nnunet_ext.phantom.lesions import Pathology

_LESION: Final = "lesion"
_BEHIND_REC: Final = frozenset({"dir", "run", "mod", "echo", "flip", "inv", "mt", "part", "proc", "chunk"})


@dataclass(frozen=True)
class Wish:
    """What a user asks for.

    Parameters
    ----------
    kinds
        Of which each image gets one.
    per_image
        Images with lesions that are made of each real one.
    seed
        Of all chance.
    profile
        How the dataset names its files.
    participants, sessions, suffixes
        Which images; all where empty.
    own_lesions
        Whether images that have lesions of their own get more; only the injected ones are in the mask then.
    """

    kinds: tuple[Pathology, ...]
    per_image: int
    seed: int
    profile: str
    participants: tuple[str, ...]
    sessions: tuple[str, ...]
    suffixes: tuple[str, ...]
    own_lesions: bool


@dataclass(frozen=True)
class Annotation:
    """A class's masks, and how the dataset's profile reads them."""

    label: PlannedLabel
    profile: ClassProfile


@dataclass(frozen=True)
class Task:
    """One image to be made.

    Parameters
    ----------
    root, source
        The dataset, and the path of the real image below it.
    stem, folder
        Name of the new image, and where a BIDS dataset keeps it.
    kind
        What is put into it.
    seed
        Of its lesions: the same for the images of one session.
    cord, lesion
        Masks; None where there is none.
    site
        Of the participant.
    reason, refused
        Why nothing is made of it, empty where something is, and whether that is a fault.
    """

    root: Path
    source: str
    stem: str
    folder: str
    kind: Pathology
    seed: tuple[int, ...] = ()
    cord: Annotation | None = None
    lesion: Annotation | None = None
    site: str = ""
    reason: str = ""
    refused: bool = False

    @property
    def subject(self) -> str:
        """The subject with its prefix."""
        return self.folder.split("/")[0]


def find_tasks(source: Source, wish: Wish) -> list[Task]:
    """List every image of the chosen subjects, found and paired with its masks as the conversion does.

    An image without a cord mask is left out, as is one that has lesions of its own, which is seen once it is read.

    Raises
    ------
    DataRefusedError
        Where it is no BIDS folder.
    UsageError
        Where a chosen subject or session is not there, or the profile knows no cord.
    """
    profile = load_profile(wish.profile)
    target = load_target("cord-lesion" if _LESION in profile.classes else "cord")
    missing = {CORD: "skip", **({_LESION: "ignore"} if _LESION in profile.classes else {})}
    plan = make_plan([source], profile, target, PlanOptions(test_fraction=0.0, missing=missing))
    tasks: list[Task] = []
    seen: set[str] = set()
    for case in _chosen(plan.cases, source, wish):
        tasks += _tasks_of(case, plan, wish, seen)
    return tasks


def _chosen(cases: Sequence[PlannedCase], source: Source, wish: Wish) -> list[PlannedCase]:
    named = [(case, case.name) for case in cases if case.name is not None]
    subjects = wanted_labels(
        "--participant-label", "sub-", wish.participants, {name.subject for _, name in named}, source.root
    )
    there = {name.session for _, name in named if name.session}
    sessions = wanted_labels("--session-label", "ses-", wish.sessions, there, source.root)
    wanted = {id(case) for case, name in named
              if (not subjects or name.subject in subjects) and (not sessions or name.session in sessions)
              and (not wish.suffixes or name.suffix in wish.suffixes)}  # fmt: skip
    everything = not (subjects or sessions or wish.suffixes)
    return [case for case in cases if id(case) in wanted or (everything and case.name is None)]


def _tasks_of(case: PlannedCase, plan: Plan, wish: Wish, seen: set[str]) -> list[Task]:
    stem = case.name.stem if case.name else Path(case.image).name
    folder = case.name.folder if case.name else ""
    reason = case.reason
    if not reason and case.image in seen:  # a profile may make a case of each rater's mask
        reason = "another rater's cord mask of this image was taken"
    if reason or case.name is None:
        return [Task(case.source.root, case.image, stem, folder, wish.kinds[0], reason=reason, refused=case.refused)]
    seen.add(case.image)
    classes = plan.profiles[case.source.name].classes
    masks = {label.name: Annotation(label, classes[label.name]) for label in case.labels if label.files}
    visit = zlib.crc32(f"{case.name.subject}_{case.name.session}".encode())
    first = int(np.random.default_rng([wish.seed, visit]).integers(len(wish.kinds)))
    return [
        Task(
            root=case.source.root,
            source=case.image,
            stem=stem if wish.per_image == 1 else numbered_stem(case.name, number + 1),
            folder=folder,
            kind=wish.kinds[(first + number) % len(wish.kinds)],
            seed=(wish.seed, visit, number),
            cord=masks.get(CORD),
            lesion=masks.get(_LESION),
            site=case.site,
        )
        for number in range(wish.per_image)
    ]


def numbered_stem(name: ImageName, number: int) -> str:
    """Name one of several images that are made of one: BIDS has `rec-` for what was computed in another way.

    Examples
    --------
    >>> from nnunet_ext.core.names import parse_image_name
    >>> numbered_stem(parse_image_name("sub-01_acq-sag_run-1_T2w"), 2)
    'sub-01_acq-sag_rec-inj2_run-1_T2w'
    """
    value = f"{name.entity('rec')}inj{number}"
    before = [(key, text) for key, text in name.entities if key not in _BEHIND_REC and key != "rec"]
    behind = [(key, text) for key, text in name.entities if key in _BEHIND_REC]
    return "_".join([*(f"{key}-{text}" for key, text in [*before, ("rec", value), *behind]), name.suffix])
