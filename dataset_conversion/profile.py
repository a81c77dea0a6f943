"""How one dataset names its files, and what a missing label means there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.shipped_toml import load_toml

MISSING_POLICIES: Final = ("error", "empty", "skip")
OUTSIDE_POLICIES: Final = ("keep", "extend_cord", "clip", "error")


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
    threshold
        Where set, the masks are declared soft, and voxels above it belong to the class. Without it a mask must hold
        whole numbers, and a soft one is refused.
    """

    templates: tuple[str, ...]
    folder: str
    missing: str
    threshold: float | None = None


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
    lesion_outside_cord
        What becomes of lesion voxels that are not cord: `keep` them, `extend_cord` by them, `clip` them away, or
        refuse the case (`error`). Their number stands in `cases.tsv` in any case.
    """

    name: str
    folders: tuple[str, ...]
    suffixes: tuple[str, ...]
    site_columns: tuple[str, ...]
    classes: Mapping[str, ClassProfile]
    lesion_outside_cord: str = "keep"

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
        threshold = found.get("threshold")
        classes[name] = ClassProfile(
            templates=tuple(found["templates"]),
            folder=str(found["folder"]),
            missing=str(found["missing"]),
            threshold=None if threshold is None else float(threshold),
        )
    images = content["images"]
    outside = str(content.get("lesion_outside_cord", "keep"))
    if outside not in OUTSIDE_POLICIES:
        raise ValueError(f"lesion_outside_cord must be one of {', '.join(OUTSIDE_POLICIES)}")
    return Profile(
        name=str(content["name"]),
        folders=tuple(images["folders"]),
        suffixes=tuple(images["suffixes"]),
        site_columns=tuple(content["participants"]["site"]),
        classes=classes,
        lesion_outside_cord=outside,
    )
