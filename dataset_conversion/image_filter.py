"""Which images of a dataset are meant."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nnunet_ext.core.names import ImageName
from nnunet_ext.core.toml_fields import refuse_unknown, texts
from nnunet_ext.dataset_conversion.class_profile import CHANNEL_POLICIES, Missing, missing_policy


@dataclass(frozen=True)
class ImageFilter:
    """Which images are meant, by the parts of their names.

    Parameters
    ----------
    suffixes
        Contrasts, one of which the name must end with.
    entities
        For an entity's key a regular expression that its whole value must match; an absent entity's value is empty.
    missing
        Of a channel: what becomes of a case without such an image: error, skip or zero.
    """

    suffixes: tuple[str, ...]
    entities: tuple[tuple[str, str], ...] = ()
    missing: Missing = Missing.SKIP

    def why_not(self, name: ImageName) -> str:
        """Say why an image is not meant; empty where it is."""
        if name.suffix not in self.suffixes:
            return f"contrast {name.suffix} is not among the profile's: {' '.join(self.suffixes)}"
        for key, pattern in self.entities:
            value = name.entity(key)
            if not re.fullmatch(pattern, value):
                return f"entity {key} is {value or 'absent'}, the profile takes {pattern}"
        return ""

    def content(self) -> dict[str, Any]:
        """Give the filter as a profile's TOML file would say it."""
        return {"suffixes": list(self.suffixes), "entities": dict(self.entities)}


def parse_filter(content: Mapping[str, Any], where: str) -> ImageFilter:
    """Make a filter of what a profile's TOML file says under `where`.

    Raises
    ------
    ValueError, KeyError, TypeError
        Where something is missing, or a pattern is no regular expression.
    """
    refuse_unknown(content, ("suffixes", "entities", "missing"), where)
    entities = tuple((str(key), str(pattern)) for key, pattern in content.get("entities", {}).items())
    for key, pattern in entities:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"entity {key}: {pattern!r} is no regular expression: {error}") from error
    missing = missing_policy("a missing channel", content.get("missing", "skip"), CHANNEL_POLICIES)
    return ImageFilter(texts(content, "suffixes", where), entities, missing)
