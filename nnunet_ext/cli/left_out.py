"""What of a model's zip was not taken, said one by one."""

import sys
from collections.abc import Iterable


def tell_left_out(entries: Iterable[str]) -> None:
    """Name entries of a zip, whose names anybody may have given, without what a terminal obeys."""
    for entry in entries:
        shown = entry if entry.isprintable() else ascii(entry)
        print(f"nnunet_ext model: left out, as prediction does not need it: {shown}", file=sys.stderr)
