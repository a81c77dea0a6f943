"""`nnunet_ext active train`: a round's corrections are trained on, and the new model is tested."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.active_learning.claim import claim
from nnunet_ext.active_learning.frozen import read_frozen
from nnunet_ext.active_learning.layout import Round, Rounds
from nnunet_ext.active_learning.round_state import RoundState, Stage, read_state
from nnunet_ext.active_learning.settings import read_settings
from nnunet_ext.active_learning.training.forgetting import FORGETTING_COLUMNS
from nnunet_ext.active_learning.training.matrix import MATRIX_COLUMNS
from nnunet_ext.cli.active.loop_options import add_device, add_loop_options
from nnunet_ext.cli.active.round_with_people import round_with_people
from nnunet_ext.cli.n_procs import add_n_procs
from nnunet_ext.core.environment import require_torchvision
from nnunet_ext.core.errors import ConflictError, UsageError
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.tables import NOTHING, Row, read_table

_FOLDS: Final = ("0", "1", "2", "3", "4", "all")


@dataclass(frozen=True)
class ActiveTrain:
    """Train a round, or finish its training; a round that is trained is left as it is.

    Parameters
    ----------
    rounds
        The folder of the loop.
    device
        `auto`, or as torch names it.
    num_processes
        That convert, preprocess and validate.
    steal
        Whether a claim that the user knows for stale is taken over.
    json
        Whether the answer is JSON.
    folds
        That are trained; empty for those that the model before had.
    without_the_rest
        Whether what is not back, or not settled, is left out rather than waited for.
    """

    rounds: Path
    device: str
    num_processes: int
    steal: bool
    json: bool
    folds: tuple[str, ...] = ()
    without_the_rest: bool = False

    def run(self) -> int:
        """Train, test, and say what came of it."""
        # Imported here: help must not wait for scipy and pandas.
        from nnunet_ext.cli.active.train_round import TrainedRound  # noqa: PLC0415

        rounds = Rounds(self.rounds)
        read_frozen(rounds)
        settings = read_settings(rounds.settings)
        require_torchvision()
        with claim(rounds, steal=self.steal):
            state = read_state(rounds)
            new = state.stage is not Stage.TRAINED
            if new:
                one = self._taken_in(rounds, state)
                left = {rater: count for rater, count in state.left.items() if count}
                TrainedRound(rounds, one, settings, self.device, self.num_processes, self.folds).make(left)
        told = _told(rounds, rounds.round(state.number), new=new)
        print(json.dumps(told) if self.json else _in_words(told))
        return 0

    def _taken_in(self, rounds: Rounds, state: RoundState) -> Round:
        """Refuse a round of which something is to come, unless it is to be left out."""
        one = round_with_people(rounds)
        again = f"nnunet_ext active ingest {rounds.root}"
        if not one.ingest.is_file():
            raise UsageError(f"{rounds.root}: nothing of round {one.number} was taken in yet; run: {again}")
        if state.stage is not Stage.INGESTED and not self.without_the_rest:
            waiting = ", ".join(
                f"{count} of {'the one rater' if rater == NOTHING else rater}"
                for rater, count in state.left.items()
                if count
            )
            raise ConflictError(
                f"{rounds.root}: all of round {one.number} was needed, and not all is back or settled: "
                f"{waiting or 'it was not taken in to its end'}; take it in: {again}, or leave it for a later round: "
                f"nnunet_ext active train {rounds.root} --without-the-rest"
            )
        return one


def _told(rounds: Rounds, one: Round, *, new: bool) -> dict[str, Any]:
    matrix = read_table(rounds.matrix, MATRIX_COLUMNS, whole=True) if rounds.matrix.is_file() else []
    learned = read_table(rounds.forgetting, FORGETTING_COLUMNS, whole=True) if rounds.forgetting.is_file() else []
    return {
        "rounds": str(rounds.root),
        "round": one.number,
        "new": new,
        "model": str(one.model),
        **read_json_object(one.trained),
        "matrix": [dict(row) for row in matrix if row["round"] == str(one.number)],
        "forgetting": [dict(row) for row in learned],
        "next": f"nnunet_ext active query {rounds.root}",
    }


def _in_words(told: Mapping[str, Any]) -> str:
    before = "" if told["new"] else " before, and nothing was changed"
    start = "from scratch" if told["start"] == "scratch" else "on from the model before"
    lines = [
        f"{told['rounds']}: round {told['round']} is trained{before}: {told['trainer']}, folds "
        f"{' '.join(told['folds'])}, {start}, {told['minutes']:g} minutes",
        f"dataset    {told['dataset']}: {told['cases_new']} new cases, {told['cases_old']} before",
        f"model      {told['model']}",
    ]
    lines += _of_sites(told["matrix"], {row["site"]: row for row in told["forgetting"]})
    if not told["matrix"]:
        lines.append("test       nobody is tested on: what the round gained is not known")
    elif told["tested_on_corrections"]:
        lines.append(
            "note       the test masks were made by correcting a prediction, which favours the model that predicted"
        )
    lines.append(f"next       {told['next']}")
    return "\n".join(lines)


def _of_sites(matrix: Sequence[Row], learned: Mapping[str, Row]) -> list[str]:
    return [
        f"test       {row['site']}: {row['cases']} cases, cord Dice {_short(row['cord_dice'])}, lesion Dice "
        f"{_short(row['lesion_dice'])}, lesion F1 {_short(row['lesion_f1'])}; since the beginning "
        f"{_short(learned[row['site']]['gain'], '+.3f')}, lesions newly found "
        f"{learned[row['site']]['lesions_newly_found']}, newly lost {learned[row['site']]['lesions_newly_lost']}"
        for row in matrix
    ]


def _short(cell: str, form: str = ".3f") -> str:
    return cell if cell == NOTHING else format(float(cell), form)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the action's arguments."""
    add = parser.add_argument
    parser.description = (
        f"{parser.description} The corrected cases are added to the labelled dataset, which is made where there is "
        "none, and only they are preprocessed; nnUNetv2_train trains by the plans of the model that the loop began "
        "with. How long, and from what, stands in active.toml."
    )
    add(
        "-f", "--folds", nargs="+", choices=_FOLDS, default=[], metavar="FOLD",
        help="0 to 4, or all (default: those that the model before had)",
    )  # fmt: skip
    add("--without-the-rest", action="store_true", help="leave out what is not back, or not settled among raters")
    add_device(parser)
    add_n_procs(parser)
    add_loop_options(parser)


def from_options(options: argparse.Namespace) -> ActiveTrain:
    """Take the parsed arguments."""
    return ActiveTrain(
        options.rounds,
        options.device,
        options.n_procs,
        options.steal,
        options.json,
        tuple(dict.fromkeys(options.folds)),
        options.without_the_rest,
    )
