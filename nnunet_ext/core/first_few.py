"""Long lists of names in one sentence."""

from collections.abc import Sequence


def first_few(names: Sequence[str], shown: int = 5) -> str:
    """Name the first few, and say how many more there are."""
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")
