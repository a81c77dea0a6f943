"""The masks of one class of one image, found by their whole names."""

import re
import sys
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Final

from nnunet_ext.core.names import IMAGE_ENTITIES, ImageName
from nnunet_ext.dataset_conversion.class_profile import ClassProfile, Missing
from nnunet_ext.dataset_conversion.planned_case import PlannedLabel

_RATER_MARK: Final = "\0"  # occurs in no file name
_SOFT: Final = re.compile(r"_desc-(soft|prob)", re.IGNORECASE)
_TOLD: Final = IMAGE_ENTITIES | {"label"}
_RATER: Final = "([0-9A-Za-z]+)"


@dataclass(frozen=True)
class LabelFiles:
    """The files of the folders that may hold a class's masks: for each file name without ending its paths."""

    paths: Mapping[str, list[str]]

    def starting_with(self, prefix: str) -> list[str]:
        """Give the names that start with `prefix`, sorted."""
        behind = prefix + chr(sys.maxunicode)
        return self._sorted[bisect_left(self._sorted, prefix) : bisect_left(self._sorted, behind)]

    def named_as(self, wanted: str) -> list[str]:
        """Give the names that are `wanted`; where there is none, those that are it but for entities of a mask's own.

        Such are a rater's `desc-`, `space-`, or one that BIDS does not know, anywhere in the name; those that tell
        images apart count, in any order. A `desc-` that says soft, or probability, makes it something else.
        """
        if wanted in self.paths:
            return [wanted]
        parts = set(wanted.split("_"))
        near = [stem for stem in self._by_image.get(_of_image(wanted), ()) if parts <= set(stem.split("_"))]
        return [stem for stem in near if not _SOFT.search(stem)]

    @cached_property
    def _by_image(self) -> dict[frozenset[str], list[str]]:
        found: dict[frozenset[str], list[str]] = {}
        for stem in self._sorted:
            found.setdefault(_of_image(stem), []).append(stem)
        return found

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.paths)


@dataclass(frozen=True)
class Absent:
    """Why the case of an image cannot be used, for want of a label.

    Parameters
    ----------
    reason
        In words.
    refused
        Whether it is refused, rather than left out knowingly.
    fault
        Whether there are files that cannot be right, rather than none.
    """

    reason: str
    refused: bool
    fault: bool = False


def find_label(
    image: ImageName, label_class: str, profile: ClassProfile, files: LabelFiles, *, why_empty: str = ""
) -> PlannedLabel | Absent:
    """Find the masks of a class: one, or one of each rater where the profile has raters.

    Parameters
    ----------
    image
        The image's name.
    label_class, profile
        The class, and how it is named.
    files
        Where to look.
    why_empty
        Why the class would be empty where no mask is found, such as that the patient is healthy.

    Returns
    -------
    PlannedLabel or Absent
        Absent where two files claim to be one mask, where a mask lies in another subject's folder, and where there is
        none and the profile's policy is error or skip.
    """
    found = _matches(image, profile, files)
    for rater, paths in found.items():
        if len(paths) > 1:
            whose = f" of {rater}" if rater else ""
            claim = f"two files claim to be its {label_class} mask{whose}: {' and '.join(paths)}"
            return Absent(claim, refused=True, fault=True)
        misplaced = _misplaced(PurePosixPath(paths[0]), image)
        if misplaced:
            place = f"its {label_class} mask lies in another {misplaced}'s folder: {paths[0]}"
            return Absent(place, refused=True, fault=True)
    if found:
        return PlannedLabel(label_class, tuple((rater, found[rater][0]) for rater in sorted(found)))
    if why_empty or profile.missing is Missing.EMPTY:
        return PlannedLabel(label_class, why_empty=why_empty or "no file, taken as empty")
    if profile.missing is Missing.IGNORE:
        return PlannedLabel(label_class)
    wanted = ", ".join(image.fill(template, "{rater}") for template in profile.templates)
    reason = f"no {label_class} mask: looked in {' and '.join(profile.folders)} for {wanted}"
    return Absent(reason, refused=profile.missing is Missing.ERROR)


def _misplaced(path: PurePosixPath, image: ImageName) -> str:
    """Say whose folder the mask lies in, where that is not its own; labs may leave the folders out."""
    own = {"sub-": image.subject, "ses-": f"ses-{image.entity('ses')}"}
    for prefix, kind in (("sub-", "subject"), ("ses-", "session")):
        if any(part.startswith(prefix) and part != own[prefix] for part in path.parts[:-1]):
            return kind
    return ""


def _matches(image: ImageName, profile: ClassProfile, files: LabelFiles) -> dict[str, list[str]]:
    """Give for each rater (empty for a mask without) the paths that may be the mask."""
    found: dict[str, list[str]] = {}
    for template in profile.templates:
        if "{rater}" not in template:
            paths = files.paths.get(image.fill(template), [])
            if paths:
                found.setdefault("", []).extend(paths)
            continue
        before, after = image.fill(template, _RATER_MARK).split(_RATER_MARK)
        pattern = re.compile(re.escape(before) + _RATER + re.escape(after))
        for stem in files.starting_with(before):
            match = pattern.fullmatch(stem)
            if match:
                found.setdefault(match[1], []).extend(files.paths[stem])
    if not found and not any("{rater}" in template for template in profile.templates):
        stems = dict.fromkeys(stem for wanted in profile.templates for stem in files.named_as(image.fill(wanted)))
        return {"": [path for stem in stems for path in files.paths[stem]]} if stems else {}
    return found


def _of_image(stem: str) -> frozenset[str]:
    """Give the parts of a mask's name that say of which image and of what it is."""
    return frozenset(part for part in stem.split("_") if part.partition("-")[0] in _TOLD or "-" not in part)
