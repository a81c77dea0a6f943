"""What correcting a case cost its rater."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from nnunet_ext.core.json_numbers import finite, whole_number
from nnunet_ext.core.tables import NOTHING

_TOOL: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_MOST_TOOLS: Final = 64
_MOST: Final = 10**9


@dataclass(frozen=True)
class Spent:
    """Time and hand work, of all sittings together.

    Parameters
    ----------
    seconds
        Without idle time.
    clicks, strokes
        How many.
    tools
        How many times each was used.
    """

    seconds: float = 0.0
    clicks: int = 0
    strokes: int = 0
    tools: Mapping[str, int] = field(default_factory=dict)

    @property
    def minutes(self) -> float | None:
        """The time in minutes, to a hundredth; None where there was none."""
        return round(self.seconds / 60, 2) if self.seconds > 0 else None

    def content(self) -> dict[str, Any]:
        """Give it as JSON says it."""
        return {"seconds": self.seconds, "clicks": self.clicks, "strokes": self.strokes, "tools": dict(self.tools)}

    def cells(self) -> dict[str, str]:
        """Give the columns of a table."""
        used = "; ".join(f"{tool} {count}" for tool, count in self.tools.items())
        numbers = {"seconds": f"{self.seconds:.1f}", "clicks": str(self.clicks), "strokes": str(self.strokes)}
        return {**numbers, "tools": used or NOTHING}


def read_spent(content: Any) -> Spent:  # noqa: ANN401 - whatever a page sends
    """Take it as JSON says it.

    Raises
    ------
    AttributeError, KeyError, TypeError, ValueError
        Where something is missing, negative or no number, or a tool has a name that no tool has.
    """
    tools = {str(tool): whole_number(count) for tool, count in content["tools"].items()}
    found = Spent(finite(content["seconds"]), whole_number(content["clicks"]), whole_number(content["strokes"]), tools)
    if not all(0 <= number <= _MOST for number in (found.seconds, found.clicks, found.strokes, *tools.values())):
        raise ValueError("effort of 0 or more was needed")
    if len(tools) > _MOST_TOOLS or not all(_TOOL.fullmatch(tool) for tool in tools):
        raise ValueError("tools of short names in small letters were needed")
    return found
