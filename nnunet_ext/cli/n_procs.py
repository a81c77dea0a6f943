"""`--n-procs`, the number of worker processes, which many verbs take alike."""

import argparse
from typing import Final

from nnunet_ext.core.errors import UsageError

_FLAG: Final = "--n-procs"


def add_n_procs(parser: argparse.ArgumentParser, default: int = 1, what: str = "processes") -> None:
    """Describe the argument: `--n-procs`, or `-np` as nnU-Net's own commands call it."""
    parser.add_argument("-np", _FLAG, dest="n_procs", type=int, default=default, metavar="N", help=what)


def refuse_no_process(options: argparse.Namespace) -> None:
    """Refuse a number that leaves nobody to work; verbs without the argument pass.

    Raises
    ------
    UsageError
        Naming it.
    """
    number: int = getattr(options, "n_procs", 1)
    if number < 1:
        raise UsageError(f"{_FLAG} must be 1 or more, found {number}")
