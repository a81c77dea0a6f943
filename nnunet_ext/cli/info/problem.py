"""Something that is amiss with this machine's environment."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """What was needed and found, the command that cures it, and whether work is impossible until then."""

    problem: str
    cure: str
    needed: bool = True
