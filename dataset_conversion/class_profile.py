"""How one annotated class is found, and what its masks mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nnunet_ext.core.json_numbers import finite, whole_number
from nnunet_ext.core.toml_fields import path_inside, refuse_unknown, texts


class Missing(StrEnum):
    """What a missing label, or a missing image of a channel, means."""

    ERROR = "error"
    """The case is refused."""

    SKIP = "skip"
    """The case is left out knowingly."""

    EMPTY = "empty"
    """The class is absent from the image, as in a healthy patient."""

    IGNORE = "ignore"
    """Nobody has looked: the class is not annotated in this image, the others are."""

    ZERO = "zero"
    """Of a channel: it is all zero."""


class RaterRule(StrEnum):
    """How several raters' masks become one."""

    ONE = "one"
    """That of a named rater."""

    HIGHEST = "highest"
    """That of the rater with the highest number: by custom the last, who corrects the others."""

    UNION = "union"
    """What any rater drew."""

    MAJORITY = "majority"
    """What more than half of the raters drew. Half of them is not enough."""

    STAPLE = "staple"
    """What is more likely drawn than not, each rater weighted by estimated sensitivity and specificity."""


ONE_CASE_PER_RATER = "each"
"""In place of a `RaterRule`: every rater's mask makes a case of its own."""

LABEL_POLICIES = (Missing.ERROR, Missing.EMPTY, Missing.IGNORE, Missing.SKIP)
CHANNEL_POLICIES = (Missing.ERROR, Missing.SKIP, Missing.ZERO)


@dataclass(frozen=True)
class ClassProfile:
    """How one annotated class is found, and what its masks mean.

    Parameters
    ----------
    templates
        Names of its label files, with ``{image}`` for the image's stem, ``{entities}`` for the stem without its
        suffix, ``{suffix}`` and, where several people drew, ``{rater}`` for letters and digits. The whole name must
        match, so that `sub-1` never finds the label of `sub-10`.
    folders
        The derivatives folders that may hold them.
    missing
        What a missing label means: one of error, empty, ignore, skip.
    threshold
        Where set, the masks are declared soft, and voxels above it belong to the class. Without it a mask must hold
        whole numbers, and a soft one is refused.
    values
        Where set, the file is a map of several classes, of which these values are this class. Without it a mask has
        one value besides 0.
    raters
        A `RaterRule`, or `each`; empty where no template names a rater.
    rater
        Whose mask is taken under the rule `one`.
    """

    templates: tuple[str, ...]
    folders: tuple[str, ...]
    missing: Missing = Missing.ERROR
    threshold: float | None = None
    values: tuple[int, ...] = ()
    raters: str = ""
    rater: str = ""

    def content(self) -> dict[str, Any]:
        """Give the class as a profile's TOML file would say it."""
        given = {name: value for name, value in vars(self).items() if value not in (None, (), "")}
        content = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
        return {**content, "missing": str(self.missing)}


def parse_class(name: str, content: Mapping[str, Any]) -> ClassProfile:
    """Make a class of what a profile's TOML file says.

    Raises
    ------
    ValueError, KeyError, TypeError
        Where something is missing, unknown or contradictory.
    """
    where = f"class {name}"
    refuse_unknown(content, list(ClassProfile.__dataclass_fields__), where)
    threshold = content.get("threshold")
    found = ClassProfile(
        templates=texts(content, "templates", where),
        folders=tuple(path_inside(folder) for folder in texts(content, "folders", where)),
        missing=missing_policy(f"class {name}: missing", content.get("missing", "error"), LABEL_POLICIES),
        threshold=None if threshold is None else finite(threshold),
        values=tuple(map(whole_number, content.get("values", ()))),
        raters=str(content.get("raters", "")),
        rater=str(content.get("rater", "")),
    )
    _check_raters(where, found)
    if not found.templates or not found.folders:
        raise ValueError(f"{where}: needs templates and folders")
    if found.threshold is not None and found.values:
        raise ValueError(f"{where}: a soft mask (threshold) is no map of several classes (values)")
    for template in found.templates:
        _check_template(where, template)
    return found


def _check_raters(where: str, found: ClassProfile) -> None:
    rules = [*RaterRule, ONE_CASE_PER_RATER]
    if any("{rater}" in template for template in found.templates) != bool(found.raters):
        raise ValueError(f"{where}: templates with {{rater}} need raters = one of {', '.join(rules)}, and only they")
    if found.raters and found.raters not in rules:
        raise ValueError(f"{where}: raters must be one of {', '.join(rules)}, found {found.raters!r}")
    if (found.raters == RaterRule.ONE) != bool(found.rater):
        raise ValueError(f'{where}: raters = "one" needs rater = the name of that rater, and only it')


def _check_template(where: str, template: str) -> None:
    try:
        template.format(image="", entities="", suffix="", rater="")
    except (KeyError, IndexError, ValueError) as error:
        raise ValueError(
            f"{where}: {template!r} may hold {{image}}, {{entities}}, {{suffix}}, {{rater}}: {error}"
        ) from error
    if "{image}" not in template and "{entities}" not in template:
        raise ValueError(f"{where}: {template!r} would be one mask for all images; it needs {{image}} or {{entities}}")
    if template.count("{rater}") > 1:
        raise ValueError(f"{where}: {template!r} names the rater twice")


def missing_policy(what: str, policy: str, known: Sequence[Missing]) -> Missing:
    """Read what something missing means.

    Raises
    ------
    ValueError
        Naming `what`, where the policy is none of those that are `known` of it.
    """
    if policy not in known:
        raise ValueError(f"{what} must be one of {', '.join(known)}, found {policy!r}")
    return Missing(policy)
