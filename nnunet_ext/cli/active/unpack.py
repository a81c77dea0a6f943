"""`nnunet_ext active unpack`: the zip of another site is put where its masks would have been saved at home."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.active_learning.claim import claim
from nnunet_ext.active_learning.exchange.pseudonyms import PSEUDONYMS
from nnunet_ext.active_learning.exchange.unpack import unpack
from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.cli.active.loop_options import add_loop_options
from nnunet_ext.cli.active.round_with_people import round_with_people
from nnunet_ext.cli.refuse_some import refuse_some


@dataclass(frozen=True)
class ActiveUnpack:
    """Take back what `pack` sent.

    Parameters
    ----------
    rounds
        The folder of the loop.
    archive
        The zip.
    rater
        Whose cases; empty where the one rater has no name.
    steal
        Whether a claim that the user knows for stale is taken over.
    json
        Whether the answer is JSON.
    """

    rounds: Path
    archive: Path
    rater: str
    steal: bool
    json: bool

    def run(self) -> int:
        """Put the masks in their places, and answer 3 where one was refused."""
        rounds = Rounds(self.rounds)
        one = round_with_people(rounds)
        with claim(rounds, steal=self.steal):
            taken = unpack(self.archive, one.to_correct, self.rater, rounds.root / PSEUDONYMS)
        following = f"nnunet_ext active ingest {rounds.root}"
        counts = {"placed": len(taken.placed), "unchanged": len(taken.unchanged), "refused": len(taken.refused)}
        if self.json:
            print(json.dumps({"archive": str(self.archive), **counts, "files": list(taken.placed), "next": following}))
        else:
            print(
                f"{one.to_correct}: {counts['placed']} corrected masks are in their places, {counts['unchanged']} came "
                f"back as they were sent, {len(taken.left_out)} other files were left out; next: {following}"
            )
        refused = [f"{entry}: {reason}" for entry, reason in taken.refused]
        refuse_some(refused, sum(counts.values()), "masks were not taken back")
        return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the action's arguments."""
    add = parser.add_argument
    add("archive", type=Path, metavar="ZIP", help="the zip that came back")
    add("--rater", default="", metavar="NAME", help="who corrected (default: the one rater without a name)")
    add_loop_options(parser)


def from_options(options: argparse.Namespace) -> ActiveUnpack:
    """Take the parsed arguments."""
    return ActiveUnpack(options.rounds, options.archive, options.rater, options.steal, options.json)
