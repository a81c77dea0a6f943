"""`nnunet_ext active query`: the cases of a round are chosen, predicted, and laid out for people to correct."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.active_learning.claim import claim
from nnunet_ext.active_learning.exchange.rater_folder import ExchangeSettings, ImagesAs
from nnunet_ext.active_learning.frozen import read_frozen
from nnunet_ext.active_learning.layout import Round, Rounds
from nnunet_ext.active_learning.loop_dataset import dataset_of
from nnunet_ext.active_learning.pool import pool_sources
from nnunet_ext.active_learning.query.round_choice import RoundChoice
from nnunet_ext.active_learning.query.strategy_names import STRATEGIES
from nnunet_ext.active_learning.round_state import RoundState, Stage, read_state
from nnunet_ext.active_learning.settings import ActiveSettings, read_settings
from nnunet_ext.cli.active.choose_cases import AskedChoice, choose_cases
from nnunet_ext.cli.active.give_out import give_out
from nnunet_ext.cli.active.labelled import labelled_dataset
from nnunet_ext.cli.active.loop_options import add_device, add_loop_options
from nnunet_ext.cli.active.round_models import RoundModels
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.tables import NOTHING, filled
from nnunet_ext.core.target import load_target

_OUT: Final = (Stage.CORRECTING, Stage.INGESTED)


@dataclass(frozen=True)
class ActiveQuery:
    """Begin a round, or finish its beginning; a round that people have is left as it is.

    Parameters
    ----------
    rounds
        The folder of the loop.
    asked
        How cases are chosen.
    naming
        How masks are named.
    copy
        Whether images are copied rather than linked.
    device
        `auto`, or as torch names it.
    steal
        Whether a claim that the user knows for stale is taken over.
    json
        Whether the answer is JSON.
    """

    rounds: Path
    asked: AskedChoice
    naming: Dialect
    copy: bool
    device: str
    steal: bool
    json: bool

    def run(self) -> int:
        """Choose, predict and lay out, and answer 3 where an image could not be scored."""
        rounds = Rounds(self.rounds)
        read_frozen(rounds)
        settings = read_settings(rounds.settings)
        with claim(rounds, steal=self.steal):
            before = read_state(rounds)
            one = rounds.round(before.number + (before.stage in (Stage.NONE, Stage.TRAINED)))
            if before.stage not in _OUT:
                self._begin(rounds, one, settings)
            told = _told(rounds, one, read_state(rounds), new=before.stage not in _OUT)
        print(json.dumps(told) if self.json else _in_words(told))
        if told["new"]:
            _refuse_unscored(told["unscored"], told["scored"])
        return 0

    def _begin(self, rounds: Rounds, one: Round, settings: ActiveSettings) -> None:
        roots = {source.name: source.root for source in pool_sources(rounds, settings)}
        models = RoundModels.of_round(rounds, one.number, settings, self.device)
        if not RoundChoice(rounds, one).stands(roots):
            choose_cases(rounds, one, settings, models, self.asked)
        elif self.asked != AskedChoice():
            told = (
                "the cases are chosen already; --strategy, --pin, --bar, --suspects and --no-suspects are for the next"
            )
            print(f"nnunet_ext active query: {told}", file=sys.stderr)
        how = ExchangeSettings(
            load_target(settings.target),
            self.naming,
            ImagesAs.COPY if self.copy else ImagesAs.LINK,
            settings.lesion_outside_cord,
            settings.seed,
        )
        give_out(rounds, one, models, how, roots, labelled_dataset(dataset_of(rounds, settings)))


def _told(rounds: Rounds, one: Round, state: RoundState, *, new: bool) -> dict[str, Any]:
    choice = RoundChoice(rounds, one)
    rows, said = choice.rows, choice.said
    cases = {row["case"]: row for row in rows}
    action = "train" if state.stage is Stage.INGESTED else "ingest"
    return {
        "rounds": str(rounds.root),
        "round": one.number,
        "stage": state.stage.value,
        "since": state.since,
        "new": new,
        "cases": len(cases),
        "strategy": rows[0]["strategy"],
        "scored": said.get("scored", 0),
        "strata": dict(Counter(row["stratum"] for row in cases.values())),
        "sites": dict(sorted(Counter(filled(row, "site") or NOTHING for row in cases.values()).items())),
        "asked": dict(state.asked),
        "left": dict(state.left),
        "to_correct": str(one.to_correct),
        "notes": list(said.get("notes", ())),
        "unscored": dict(said.get("unscored", {})),
        "next": f"nnunet_ext active {action} {rounds.root}",
    }


def _in_words(told: Mapping[str, Any]) -> str:
    begun = "" if told["new"] else f" since {told['since']}, and nothing was changed"
    out = "is out for correction" if told["stage"] == Stage.CORRECTING else "is back"
    lines = [
        f"{told['rounds']}: round {told['round']} {out}{begun}: {told['cases']} of {told['scored']} cases, by strategy "
        f"{told['strategy']}",
        f"stratum    {_counts(told['strata'])}",
        f"site       {_counts(told['sites'])}",
    ]
    for rater, asked in told["asked"].items():
        name = "everybody" if rater == NOTHING else rater
        lines.append(f"rater      {name}: {told['left'][rater]} of {asked} cases left")
    lines += [f"note       {note}" for note in told["notes"]]
    lines.append(f"folder     {told['to_correct']}")
    lines.append(f"page       of pictures and reasons: nnunet_ext active report {told['rounds']}")
    if told["stage"] == Stage.CORRECTING:
        rater = f" --rater {next(iter(told['asked']))}" if len(told["asked"]) > 1 else ""
        lines.append(f"next       correct in the browser: nnunet_ext active correct {told['rounds']}{rater}")
        lines.append(f"           or with any viewer what lies there, as PROTOCOL.md says; then: {told['next']}")
    else:
        lines.append(f"next       {told['next']}")
    return "\n".join(lines)


def _counts(counts: Mapping[str, int]) -> str:
    return first_few([f"{name} {count}" for name, count in counts.items()], 10)


def _refuse_unscored(unscored: Mapping[str, str], scored: int) -> None:
    if unscored:
        shown = first_few([f"{case}: {reason}" for case, reason in unscored.items()])
        raise DataRefusedError(
            f"{len(unscored)} of {scored + len(unscored)} images could not be scored, and are not in this round: "
            f"{shown}. The round is out all the same; mend these before the next"
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the action's arguments."""
    add = parser.add_argument
    parser.description = (
        f"{parser.description} How many, of which kinds and for whom stands in active.toml. The pool's folders are "
        "scanned again for each round. A round that people have is left as it is."
    )
    add("--strategy", choices=list(STRATEGIES), default="", help="of this round (default: the one in active.toml)")
    add("--pin", type=Path, metavar="FILE", help="list of cases, subjects, sessions or sites that come in (no default)")
    add("--bar", type=Path, metavar="FILE", help="list of those that do not come in (no default)")
    suspects = parser.add_mutually_exclusive_group()
    suspects.add_argument(
        "--suspects", type=int, default=0, metavar="N",
        help="places of the budget for labels of the dataset that deserve a second look; the BIDS folder that they are "
        "from must be one of the pool (0: they are listed in suspects.tsv alone)",
    )  # fmt: skip
    suspects.add_argument(
        "--no-suspects", action="store_true", help="do not look at the labels of the dataset again, out of fold"
    )
    add(
        "--naming", choices=[str(dialect) for dialect in Dialect], default=str(Dialect.NEUROPOLY),
        help="of masks; SCT's manual-correction takes all but bids",
    )  # fmt: skip
    add("--copy", action="store_true", help="copy the images rather than link them, to take the folder elsewhere")
    add_device(parser)
    add_loop_options(parser)


def from_options(options: argparse.Namespace) -> ActiveQuery:
    """Take the parsed arguments."""
    if options.suspects < 0:
        raise UsageError(f"--suspects: a number of cases, 0 or more, was needed, found {options.suspects}")
    return ActiveQuery(
        options.rounds,
        AskedChoice(
            options.pin, options.bar, options.strategy, suspects=not options.no_suspects, second_looks=options.suspects
        ),
        Dialect(options.naming),
        options.copy,
        options.device,
        options.steal,
        options.json,
    )
