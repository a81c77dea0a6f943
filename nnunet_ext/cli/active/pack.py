"""`nnunet_ext active pack`: a rater's cases as a zip for another site."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.active_learning.claim import claim
from nnunet_ext.active_learning.exchange.pack import pack
from nnunet_ext.active_learning.exchange.pseudonyms import PSEUDONYMS
from nnunet_ext.active_learning.exchange.rater_folder import ExchangeSettings
from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.active_learning.settings import read_settings
from nnunet_ext.cli.active.loop_options import add_loop_options
from nnunet_ext.cli.active.round_with_people import round_with_people
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.target import load_target


@dataclass(frozen=True)
class ActivePack:
    """Pack the cases of a rater.

    Parameters
    ----------
    rounds
        The folder of the loop.
    archive
        The zip.
    rater
        Whose cases; empty where the one rater has no name.
    naming
        How masks are named.
    steal
        Whether a claim that the user knows for stale is taken over.
    json
        Whether the answer is JSON.
    """

    rounds: Path
    archive: Path
    rater: str
    naming: Dialect
    steal: bool
    json: bool

    def run(self) -> int:
        """Write the zip, and say what must not be sent with it."""
        rounds = Rounds(self.rounds)
        settings, one = read_settings(rounds.settings), round_with_people(rounds)
        names = rounds.root / PSEUDONYMS
        how = ExchangeSettings(
            load_target(settings.target),
            self.naming,
            outside_cord=settings.lesion_outside_cord,
            seed=settings.seed,
        )
        with claim(rounds, steal=self.steal):
            count = pack(one.to_correct, self.rater, self.archive, names, how)
        rater = f" --rater {self.rater}" if self.rater else ""
        following = f"nnunet_ext active unpack {rounds.root} ZIP{rater}"
        if self.json:
            print(json.dumps({"archive": str(self.archive), "cases": count, "names": str(names), "next": following}))
            return 0
        print(f"{self.archive}: {count} cases of round {one.number}, under pseudonyms; who they are stays in {names}")
        print("The images are sent as they are: faces may be seen in them; look at them before you send them")
        print(f"when it comes back, zipped: {following}")
        return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the action's arguments."""
    add = parser.add_argument
    parser.description = (
        f"{parser.description} Names, dates and all that headers say but the grid are left out; the images themselves "
        "are sent as they are: faces may be in them, and what is burned into them."
    )
    add("archive", type=Path, metavar="ZIP", help="the zip to write")
    add("--rater", default="", metavar="NAME", help="whose cases (default: those of the one rater without a name)")
    add(
        "--naming", choices=[str(dialect) for dialect in Dialect], default=str(Dialect.NEUROPOLY),
        help="of masks; SCT's manual-correction takes all but bids",
    )  # fmt: skip
    add_loop_options(parser)


def from_options(options: argparse.Namespace) -> ActivePack:
    """Take the parsed arguments."""
    return ActivePack(
        options.rounds, options.archive, options.rater, Dialect(options.naming), options.steal, options.json
    )
