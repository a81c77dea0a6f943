"""Subjects and sessions that a user names, with or without `sub-` and `ses-`."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import UsageError

_SHOWN: Final = 10


def wanted_labels(flag: str, prefix: str, asked: Sequence[str], there: Collection[str], root: Path) -> set[str]:
    """Give the asked labels as BIDS writes them; none where none was asked for.

    Parameters
    ----------
    flag, prefix
        The option, and what such labels begin with: ``sub-``.
    asked, there
        What the user named, and what the dataset `root` has.

    Raises
    ------
    UsageError
        Where one is not there.
    """
    wanted = {label if label.startswith(prefix) else prefix + label for label in asked}
    if missing := sorted(wanted - set(there)):
        listed = ", ".join(sorted(there)[:_SHOWN]) or "none"
        raise UsageError(f"{flag}: {', '.join(missing)} not found in {root}; there are: {listed}")
    return wanted
