"""What the pages call a region whose name is short."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

REGION_NAMES: Final[Mapping[str, str]] = MappingProxyType({"sc": "cord"})


def region_name(region: str) -> str:
    """Say what the pages call a region."""
    return REGION_NAMES.get(region, region)
