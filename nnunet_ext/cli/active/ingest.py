"""`nnunet_ext active ingest`: what raters corrected is taken in."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.active_learning.claim import claim
from nnunet_ext.active_learning.ingest.effort_summary import ALL_RATERS, effort_summary
from nnunet_ext.active_learning.ingest.for_training import for_training
from nnunet_ext.active_learning.ingest.ingest import ADJUDICATE_TABLE, Ingested, ingest, write_ingest
from nnunet_ext.active_learning.ingest.job import Returned
from nnunet_ext.active_learning.ingest.job_of_round import job_of_round
from nnunet_ext.active_learning.ingest.words import CONSENSUS_RATER
from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.layout import Round, Rounds
from nnunet_ext.active_learning.pool import pool_sources
from nnunet_ext.active_learning.round_state import INGESTED
from nnunet_ext.active_learning.settings import read_settings
from nnunet_ext.cli.active.loop_options import add_loop_options
from nnunet_ext.cli.active.round_with_people import round_with_people
from nnunet_ext.cli.refuse_some import refuse_some
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import NOTHING, read_table

_SHOWN: Final = 10


@dataclass(frozen=True)
class ActiveIngest:
    """Take in a round; again, as often as more comes back.

    Parameters
    ----------
    rounds
        The folder of the loop.
    returned
        Folders that came back, beside those that were edited in place.
    steal
        Whether a claim that the user knows for stale is taken over.
    json
        Whether the answer is JSON.
    """

    rounds: Path
    returned: tuple[Returned, ...]
    steal: bool
    json: bool

    def run(self) -> int:
        """Take in, and say what came of it."""
        rounds = Rounds(self.rounds)
        settings = read_settings(rounds.settings)
        with claim(rounds, steal=self.steal):
            one = round_with_people(rounds)
            pool = {source.name: source.root for source in pool_sources(rounds, settings)}
            job = job_of_round(one, settings, pool, self.returned)
            done = ingest(read_table(one.query, ["case", "dataset", "image", "image_sha256", "rater"], whole=True), job)
            _record(rounds, one, write_ingest(one.ingest, done))
        self._conclude(rounds, one, done)
        refuse_some(
            done.refused,
            len([row for row in done.rows if row["rater"] != CONSENSUS_RATER]),
            "corrections were not taken in",
        )
        return 0

    def _conclude(self, rounds: Rounds, one: Round, done: Ingested) -> None:
        for problem in done.problems:
            print(f"nnunet_ext active ingest: warning: {problem}", file=sys.stderr)
        summary, usable = effort_summary(done.rows), len(for_training(done.rows, one.corrected))
        left = sum(row["action"] == "defer" for row in done.rows if row["rater"] != CONSENSUS_RATER)
        step = "train" if usable and not left and not done.adjudicate else "status"
        following = f"nnunet_ext active {step} {rounds.root}"
        if self.json:
            told = {
                "ingest": str(one.ingest),
                "round": one.number,
                "usable": usable,
                "adjudicate": list(done.adjudicate),
            }
            print(json.dumps({**told, "raters": summary, "problems": list(done.problems), "next": following}))
            return
        print("\n".join(_in_words(one, done, summary)))
        print(f"{usable} cases can be trained on, {left} corrections are not back; next: {following}")


def _record(rounds: Rounds, one: Round, tables: Sequence[Path]) -> None:
    """Write into the journal that this was taken in, unless the journal's last word on it is the same."""
    files = {table.relative_to(rounds.root).as_posix(): sha256(table) for table in tables}
    Journal(rounds.journal).append_news(INGESTED, {"round": one.number, "files": files})


def _in_words(one: Round, done: Ingested, summary: Sequence[dict[str, str]]) -> list[str]:
    lines = [f"{one.ingest}: round {one.number}"]
    for row in summary if len(summary) > 2 else summary[-1:]:
        name = "everybody" if row["rater"] in (NOTHING, ALL_RATERS) else row["rater"]
        minutes = "" if row["minutes"] == NOTHING else f", {row['minutes']} minutes for {row['timed_cases']} cases"
        lines.append(
            f"{name}: {row['accept']} accepted, {row['edit']} edited, {row['reject']} rejected, "
            f"{row['defer']} put off, {row['voxels_changed']} voxels changed{minutes}"
        )
    why = Counter(row["reason"] for row in done.rows if row["action"] == "defer" and row["rater"] != CONSENSUS_RATER)
    lines += [f"put off ({count}): {reason}" for reason, count in why.most_common(_SHOWN)]
    lines += [f"to adjudicate: {row['case']}, {row['region']}: {row['reason']}" for row in done.adjudicate[:_SHOWN]]
    if done.adjudicate:
        lines.append(
            f"where raters differ somebody must decide ({one.ingest.with_name(ADJUDICATE_TABLE)}): nnunet_ext active "
            f"correct {one.folder.parent} --rater {CONSENSUS_RATER}, or save these masks in "
            f"{one.to_correct / CONSENSUS_RATER}; then run this again"
        )
    return lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the action's arguments."""
    parser.add_argument(
        "--returned",
        nargs="+",
        default=(),
        metavar="[RATER=]FOLDER",
        help="more folders that came back, of any layout; what was edited in place, in to_correct, is always read "
        "(default: none)",
    )
    add_loop_options(parser)


def from_options(options: argparse.Namespace) -> Any:  # noqa: ANN401 - as the other actions
    """Take the parsed arguments."""
    given = [text.rpartition("=") for text in options.returned]
    returned = tuple(Returned(rater, Path(folder)) for rater, _, folder in given)
    return ActiveIngest(options.rounds, returned, options.steal, options.json)
