"""Options of every verb that opens a desk."""

import argparse
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from nnunet_ext.cli.finite_number import finite_number
from nnunet_ext.core.errors import UsageError

LOOPBACK: Final = "127.0.0.1"
IDLE_MINUTES: Final = 60.0
_MOST_PORT: Final = 65535


@dataclass(frozen=True)
class DeskOptions:
    """How a desk is served.

    Parameters
    ----------
    rater
        Who corrects; empty where raters have no names.
    port
        0 lets the system choose one.
    host
        Name or address of this machine under which it is asked.
    browser
        Whether the browser is opened.
    idle_minutes
        After which, without use, it ends.
    """

    rater: str = ""
    port: int = 0
    host: str = LOOPBACK
    browser: bool = True
    idle_minutes: float = IDLE_MINUTES

    @property
    def loopback(self) -> bool:
        """Whether nobody but this machine can ask."""
        return _is_loopback(self.host)


def add_desk_options(parser: argparse.ArgumentParser, rater: str) -> None:
    """Describe them.

    Parameters
    ----------
    parser
        Of the verb.
    rater
        What `--rater` means, with its default.
    """
    add = parser.add_argument
    add("--rater", default="", metavar="NAME", help=rater)
    add("--port", type=int, metavar="N", help="of the page's address (default: one that is free)")
    add(
        "--host", default="", metavar="NAME",
        help="name or address of this machine under which others reach the page; it needs --i-know, for whoever "
        f"knows the address can then see images and change masks (default: {LOOPBACK}, this machine alone)",
    )  # fmt: skip
    add("--i-know", action="store_true", help="that --host shows the images to others, without encryption")
    add("--no-browser", action="store_true", help="print the address, and open no browser")
    add(
        "--idle", type=finite_number, default=IDLE_MINUTES, metavar="MINUTES",
        help="without use, after which it ends",
    )  # fmt: skip


def desk_options(options: argparse.Namespace) -> DeskOptions:
    """Take the parsed options.

    Raises
    ------
    UsageError
        Where a number lies outside its range, or one of `--host` and `--i-know` stands without the other.
    """
    if bool(options.host) != options.i_know:
        given, lacking = ("--host", "--i-know") if options.host else ("--i-know", "--host NAME")
        raise UsageError(
            f"{given} needs {lacking}: together they let other machines see the images and change the masks; leave "
            f"{given} out to keep the page to this machine"
        )
    if _is_any(options.host):
        raise UsageError(
            f"--host: the name or address by which others reach this machine was needed, found {options.host}, which "
            "means all; a page is asked by one name"
        )
    port = options.port or 0
    if not 0 <= port <= _MOST_PORT:
        raise UsageError(f"--port: a number from 0 to {_MOST_PORT} was needed, found {port}")
    if options.idle <= 0:
        raise UsageError(f"--idle: minutes above 0 were needed, found {options.idle:g}")
    return DeskOptions(options.rater, port, options.host or LOOPBACK, not options.no_browser, options.idle)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_any(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
