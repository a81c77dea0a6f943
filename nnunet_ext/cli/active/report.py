"""`nnunet_ext active report`: the page of a round."""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnunet_ext.active_learning.exchange.sent_masks import SENT
from nnunet_ext.active_learning.layout import Round, Rounds
from nnunet_ext.active_learning.round_state import read_state
from nnunet_ext.active_learning.settings import read_settings
from nnunet_ext.cli.n_procs import add_n_procs
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.core.errors import DataRefusedError, UsageError


@dataclass(frozen=True)
class ActiveReport:
    """Write the page of a round as it stands; nobody is kept from working on the loop.

    Parameters
    ----------
    rounds
        The folder of the loop.
    number
        Of the round; None for the last.
    rater
        Whose page, in their folder; None for that of the round.
    n_procs
        Processes that draw.
    json
        Whether the answer is JSON.
    """

    rounds: Path
    number: int | None
    rater: str | None
    n_procs: int
    json: bool

    def run(self) -> int:
        """Write the page; answer 3 where an image or a mask could not be read, which the page names."""
        # Here, so that help is instant: drawing needs pandas, matplotlib and scipy.
        from nnunet_ext.report.round.round_tables import read_round  # noqa: PLC0415
        from nnunet_ext.report.round.write_round import write_round  # noqa: PLC0415

        rounds = Rounds(self.rounds)
        settings = read_settings(rounds.settings)
        one = self._round(rounds)
        with progress_bar("draw", "case") as progress:
            page, content = write_round(read_round(rounds, one.number, settings), self.rater, self.n_procs, progress)
        for problem in content.problems:
            print(f"nnunet_ext active report: warning: {problem}", file=sys.stderr)
        size = page.stat().st_size / 2**20
        if self.json:
            told = {"report": str(page), "round": one.number, "cases": len(content.cases), "mib": round(size, 2)}
            print(json.dumps({**told, "problems": list(content.problems)}))
        else:
            print(f"{page}: round {one.number}, {len(content.cases)} cases, {size:.1f} MiB; open it in a browser")
        return DataRefusedError.exit_code if content.problems else 0

    def _round(self, rounds: Rounds) -> Round:
        """Find the round, which must have been laid out."""
        last = read_state(rounds).number
        one = rounds.round(self.number or last)
        if not 1 <= one.number <= last or not (one.to_correct / SENT).is_file():
            asked = f"round {self.number}" if self.number else "a round that people have"
            raise UsageError(
                f"{rounds.root}: {asked} was needed, and nothing was given out in it yet; begin one, or finish its "
                f"beginning: nnunet_ext active query {rounds.root}"
            )
        return one


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the action's arguments."""
    add = parser.add_argument
    add("--round", dest="number", type=int, default=None, metavar="N", help="which round (default: the last)")
    add(
        "--rater", metavar="NAME",
        help="the page for one rater instead, cases.html in their folder: their cases alone, with nothing of others "
        "(default: the page of the round, report.html)",
    )  # fmt: skip
    add_n_procs(parser)
    add("--json", action="store_true", help="answer in JSON")


def from_options(options: argparse.Namespace) -> Any:  # noqa: ANN401 - as the other actions
    """Take the parsed arguments."""
    return ActiveReport(options.rounds, options.number, options.rater, options.n_procs, options.json)
