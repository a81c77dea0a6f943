"""What the pages call a region whose name is short."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

REGION_NAMES: Final[Mapping[str, str]] = MappingProxyType({"sc": "cord"})
"""Region to what the pages call it; the others are called by their own names."""
