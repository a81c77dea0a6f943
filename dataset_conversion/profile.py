"""How one dataset names its files, and what a missing label means there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.shipped_toml import load_toml

MISSING_POLICIES: Final = ("error", "empty", "skip")


@dataclass(frozen=True)
class ClassProfile:
    """How one annotated class is found.

    Parameters
    ----------
    templates
        Names of its label files, with ``{image}`` for the image's stem, ``{entities}`` for the stem without its
        suffix and ``{suffix}``. The whole name must match, so that `sub-1` never finds the label of `sub-10`.
    folder
        The derivatives folder that holds them.
    missing
        What a missing label means: `error` (the image is refused), `empty` (the class is absent from the image, as in
        a healthy patient) or `skip` (the image is left out knowingly).
    """

    templates: tuple[str, ...]
    folder: str
    missing: str


@dataclass(frozen=True)
class Profile:
    """A dataset's naming and policies.

    Parameters
    ----------
    name
        Of the profile.
    folders
        Folders below the subject (or session) that hold anatomical images.
    suffixes
        Contrasts that are converted.
    site_columns
        Columns of participants.tsv that may hold the site; the first that a participant has a value in counts.
    classes
        For each annotated class how it is found.
    """

    name: str
    folders: tuple[str, ...]
    suffixes: tuple[str, ...]
    site_columns: tuple[str, ...]
    classes: Mapping[str, ClassProfile]

    def with_missing(self, policies: Mapping[str, str]) -> "Profile":
        """Give the profile with other policies for missing labels.

        Raises
        ------
        UsageError
            Where a class or a policy does not exist.
        """
        for name, policy in policies.items():
            if name not in self.classes or policy not in MISSING_POLICIES:
                raise UsageError(
                    f"--missing needs CLASS=POLICY with a class of {', '.join(self.classes)} and a policy "
                    f"of {', '.join(MISSING_POLICIES)}; found {name}={policy}"
                )
        changed = {name: replace(self.classes[name], missing=policy) for name, policy in policies.items()}
        return replace(self, classes={**self.classes, **changed})


def load_profile(name_or_file: str) -> Profile:
    """Load a shipped profile by name, or a user's own from a TOML file.

    Raises
    ------
    UsageError
        Where there is neither.
    DataRefusedError
        Where the file is no profile.
    """
    return load_toml("profile", "nnunet_ext.dataset_conversion", "profiles", name_or_file, _parse)


def _parse(content: Mapping[str, Any]) -> Profile:
    classes = {}
    for name, found in content["classes"].items():
        if found["missing"] not in MISSING_POLICIES:
            raise ValueError(f"class {name}: missing must be one of {', '.join(MISSING_POLICIES)}")
        classes[name] = ClassProfile(tuple(found["templates"]), str(found["folder"]), str(found["missing"]))
    images = content["images"]
    return Profile(
        name=str(content["name"]),
        folders=tuple(images["folders"]),
        suffixes=tuple(images["suffixes"]),
        site_columns=tuple(content["participants"]["site"]),
        classes=classes,
    )
