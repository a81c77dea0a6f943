"""`nnunet_ext active correct`: a rater corrects their cases of the round in the browser."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.cli.correct.desk_options import DeskOptions, add_desk_options, desk_options


@dataclass(frozen=True)
class ActiveCorrect:
    """Correct the cases of one rater; nobody is kept from working on the loop.

    Parameters
    ----------
    rounds
        The folder of the loop.
    how
        The desk is served, and for whom.
    """

    rounds: Path
    how: DeskOptions

    def run(self) -> int:
        """Serve the desk until it is ended."""
        # Imported here: help must not wait for scipy and pandas.
        from nnunet_ext.active_learning.layout import Rounds  # noqa: PLC0415
        from nnunet_ext.active_learning.round_state import Stage, read_stage  # noqa: PLC0415
        from nnunet_ext.active_learning.settings import read_settings  # noqa: PLC0415
        from nnunet_ext.cli.active.round_desk import RoundDesk  # noqa: PLC0415
        from nnunet_ext.cli.active.round_with_people import round_with_people  # noqa: PLC0415
        from nnunet_ext.cli.correct.serve_desk import serve_desk  # noqa: PLC0415
        from nnunet_ext.core.errors import UsageError  # noqa: PLC0415

        rounds = Rounds(self.rounds)
        settings, one = read_settings(rounds.settings), round_with_people(rounds)
        if read_stage(rounds)[1] is Stage.INGESTED:
            raise UsageError(
                f"{rounds.root}: all of round {one.number} is back, and nothing is left to correct; type: nnunet_ext "
                f"active train {rounds.root}"
            )
        desks = RoundDesk(rounds, one, settings)
        following = f"nnunet_ext active ingest {rounds.root}"
        return serve_desk(
            desks.of(self.how.rater), self.how, lambda saved: following, verb="active correct", allow=desks.allow()
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the action's arguments."""
    parser.description = (
        f"{parser.description} Masks are saved where the rater would save them with any other viewer; `active ingest` "
        "takes them in."
    )
    add_desk_options(
        parser, "whose cases, or consensus for those in which raters differ (default: those of the one rater there is)"
    )


def from_options(options: argparse.Namespace) -> ActiveCorrect:
    """Take the parsed arguments.

    Raises
    ------
    UsageError
        See `desk_options`.
    """
    return ActiveCorrect(options.rounds, desk_options(options))
