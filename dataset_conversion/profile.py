"""How one dataset names its files, and what is done where it is not as it should be."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, Literal

from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.shipped_toml import lay_over_shipped, load_toml
from nnunet_ext.core.toml_fields import path_inside, refuse_unknown, texts
from nnunet_ext.dataset_conversion.class_profile import (
    CHANNEL_POLICIES,
    LABEL_POLICIES,
    ClassProfile,
    missing_policy,
    parse_class,
)
from nnunet_ext.dataset_conversion.image_filter import ImageFilter, parse_filter

OutsidePolicy = Literal["keep", "extend_cord", "clip", "error"]
OUTSIDE_POLICIES: Final[tuple[OutsidePolicy, ...]] = ("keep", "extend_cord", "clip", "error")
AUTO: Final = "auto"
EACH_SUBJECT: Final = ("subject",)
"""As `person`: each subject is a person of its own."""

_PACKAGE: Final = "nnunet_ext.dataset_conversion"
_KEYS: Final = (
    *("name", "extends", "aliases", "lesion_outside_cord"),
    *("include", "exclude", "exclude_file", "exclude_headings"),
    *("images", "channels", "participants", "sites", "classes"),
)


@dataclass(frozen=True)
class ParticipantColumns:
    """What participants.tsv says.

    Parameters
    ----------
    site, pathology
        Columns that may hold them; the first that a participant has a value in counts.
    person
        Columns that name the person, for one who has several subject names; or `subject` alone, where each subject is
        a person of its own. Empty, together with `person_pattern`: what the names say is assumed.
    person_pattern
        A regular expression that finds the person in a subject's name: its group `person`, or its first.
    healthy
        Values of the pathology, whatever their case, that mean a healthy person.
    healthy_lacks
        Classes that a healthy person has none of: a missing mask of theirs is an empty one.
    """

    site: tuple[str, ...] = ()
    pathology: tuple[str, ...] = ()
    person: tuple[str, ...] = ()
    person_pattern: str = ""
    healthy: tuple[str, ...] = ()
    healthy_lacks: tuple[str, ...] = ()

    @property
    def person_columns(self) -> tuple[str, ...]:
        """The columns that name the person."""
        return () if self.person == EACH_SUBJECT else self.person

    @property
    def person_is_assumed(self) -> bool:
        """Whether nothing is said of who is one person."""
        return not self.person and not self.person_pattern

    def content(self) -> dict[str, Any]:
        """Give what the table `participants` of the profile's file says; of persons only where it says something."""
        said = {name: value for name, value in vars(self).items() if value or not name.startswith("person")}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}


@dataclass(frozen=True)
class SiteRules:
    """Sites whose patients are not drawn: `train_only`, `test_only`, and `external` ones, which are tested on, too."""

    train_only: tuple[str, ...] = ()
    test_only: tuple[str, ...] = ()
    external: tuple[str, ...] = ()


@dataclass(frozen=True)
class Profile:
    """A dataset's naming and policies.

    Parameters
    ----------
    name
        Of the profile.
    folders
        Folders below the subject (or session) that hold images.
    images
        Which images are converted, where the target takes one image of any contrast.
    classes
        For each annotated class how it is found.
    root
        Folder of the `sub-*` folders, relative to the dataset; empty where they stand at its top.
    channels
        For each channel that a target may name, which image it is.
    participants
        What participants.tsv says.
    sites
        Which sites are not drawn from.
    lesion_outside_cord
        What becomes of lesion voxels that are not cord: `keep` them, `extend_cord` by them, `clip` them away, or
        refuse the case (`error`). Their number stands in `cases.tsv` in any case.
    include, exclude
        Entries, as in a list of the user's, of what is taken and what is left out. Without `include` all is taken.
    exclude_file, exclude_headings
        A list that the dataset brings itself, relative to its folder, and which of its headings count; all where none
        is named.
    aliases
        Other names of the dataset's folder, or Names in its `dataset_description.json`, to know it by.
    """

    name: str
    folders: tuple[str, ...]
    images: ImageFilter
    classes: Mapping[str, ClassProfile]
    root: str = ""
    channels: Mapping[str, ImageFilter] = field(default_factory=lambda: MappingProxyType({}))
    participants: ParticipantColumns = ParticipantColumns()
    sites: SiteRules = SiteRules()
    lesion_outside_cord: OutsidePolicy = "keep"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    exclude_file: str = ""
    exclude_headings: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    def knows(self, name: str) -> bool:
        """Say whether the profile has a class or a channel of that name."""
        return name in self.classes or name in self.channels

    def with_missing(self, policies: Mapping[str, str]) -> "Profile":
        """Give the profile with other policies for missing labels and channels.

        Raises
        ------
        UsageError
            Where a class or a policy does not exist.
        """
        classes, channels = dict(self.classes), dict(self.channels)
        for name, policy in policies.items():
            try:
                if name in classes:
                    missing = missing_policy(f"class {name}: missing", policy, LABEL_POLICIES)
                    classes[name] = replace(classes[name], missing=missing)
                elif name in channels:
                    missing = missing_policy("a missing channel", policy, CHANNEL_POLICIES)
                    channels[name] = replace(channels[name], missing=missing)
                else:
                    raise ValueError(f"it names none of {', '.join([*classes, *channels])}")
            except ValueError as error:
                raise UsageError(f"--missing needs NAME=POLICY; found {name}={policy}: {error}") from error
        return replace(self, classes=classes, channels=channels)

    def content(self) -> dict[str, Any]:
        """Give the profile as its TOML file would say it; `parse_profile` reads it back."""
        return {
            "name": self.name,
            "lesion_outside_cord": self.lesion_outside_cord,
            "include": list(self.include),
            "exclude": list(self.exclude),
            "exclude_file": self.exclude_file,
            "exclude_headings": list(self.exclude_headings),
            "images": {"root": self.root, "folders": list(self.folders), **self.images.content()},
            "channels": {
                name: {**channel.content(), "missing": str(channel.missing)} for name, channel in self.channels.items()
            },
            "participants": self.participants.content(),
            "sites": {key: list(value) for key, value in vars(self.sites).items()},
            "classes": {name: found.content() for name, found in self.classes.items()},
        }


def load_profile(name_or_file: str) -> Profile:
    """Load a shipped profile by name, or a user's own from a TOML file, which may extend another by `extends`.

    Raises
    ------
    UsageError
        Where there is neither.
    DataRefusedError
        Where the file is no profile.
    """
    return load_toml("profile", _PACKAGE, "profiles", name_or_file, _parse_extended)


def shipped_profiles() -> list[Profile]:
    """Load every profile that the package brings, by name, without `auto`."""
    folder = files(_PACKAGE).joinpath("profiles")
    names = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return [load_profile(name) for name in names if name != AUTO]


def parse_profile(content: Mapping[str, Any]) -> Profile:
    """Make a profile of what its TOML file says.

    Raises
    ------
    ValueError, KeyError, TypeError
        Where something is missing or unknown.
    """
    refuse_unknown(content, _KEYS, "profile")
    images = dict(content["images"])
    sites = SiteRules(**_lists(content.get("sites", {}), SiteRules, "sites"))
    ruled = [*sites.train_only, *sites.test_only, *sites.external]
    if len(set(ruled)) < len(ruled):
        raise ValueError(f"sites: a site stands under one rule, found {ruled}")
    root, folders = str(images.pop("root", "")), texts(images, "folders", "images")
    images.pop("folders", None)
    outside = content.get("lesion_outside_cord", "keep")
    if outside not in OUTSIDE_POLICIES:
        raise ValueError(f"lesion_outside_cord must be one of {', '.join(OUTSIDE_POLICIES)}, found {outside!r}")
    return Profile(
        name=str(content["name"]),
        folders=folders,
        images=parse_filter(images, "images"),
        classes={str(name): parse_class(name, found) for name, found in content["classes"].items()},
        root=path_inside(root),
        channels={
            str(name): parse_filter(found, f"channel {name}") for name, found in content.get("channels", {}).items()
        },
        participants=_parse_columns(content.get("participants", {})),
        sites=sites,
        lesion_outside_cord=outside,
        include=texts(content, "include", "profile"),
        exclude=texts(content, "exclude", "profile"),
        exclude_file=path_inside(str(content.get("exclude_file", ""))),
        exclude_headings=texts(content, "exclude_headings", "profile"),
        aliases=texts(content, "aliases", "profile"),
    )


def _parse_extended(content: Mapping[str, Any]) -> Profile:
    return parse_profile(lay_over_shipped("profile", _PACKAGE, "profiles", content))


def _parse_columns(content: Mapping[str, Any]) -> ParticipantColumns:
    person, pattern = content.get("person", []), content.get("person_pattern", "")
    others = {key: value for key, value in content.items() if key != "person_pattern"}
    lists = {**others, "person": person if isinstance(person, list) else [person]}
    columns = ParticipantColumns(**_lists(lists, ParticipantColumns, "participants"), person_pattern=pattern)
    if "person_pattern" not in content:
        return columns
    try:
        groups = re.compile(pattern).groups
    except (re.error, TypeError) as error:
        raise ValueError(f"participants: person_pattern must be a regular expression: {error}") from error
    if not groups:
        raise ValueError(f"participants: person_pattern needs a group that is the person, found {pattern!r}")
    if columns.person:
        raise ValueError("participants: give person or person_pattern, not both")
    return columns


def _lists(
    content: Mapping[str, Any], kind: type[ParticipantColumns | SiteRules], where: str
) -> dict[str, tuple[str, ...]]:
    refuse_unknown(content, [field.name for field in fields(kind)], where)
    return {key: texts(content, key, where) for key in content}
