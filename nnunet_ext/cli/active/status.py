"""`nnunet_ext active status`: where a correction loop stands."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.active_learning.claim import Holder, holder_of
from nnunet_ext.active_learning.frozen import read_frozen
from nnunet_ext.active_learning.ingest.to_adjudicate import to_adjudicate
from nnunet_ext.active_learning.ingest.words import CONSENSUS_RATER
from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.active_learning.loop_dataset import dataset_of
from nnunet_ext.active_learning.pool import images_since, read_pool
from nnunet_ext.active_learning.round_state import BEGUN, RoundState, Stage, read_state
from nnunet_ext.active_learning.settings import ActiveSettings, read_settings
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.tables import NOTHING

_SHOWN: Final = 5
_STAGES: Final[Mapping[Stage, str]] = {
    Stage.NONE: "nothing was asked for yet",
    Stage.QUERIED: "the cases are chosen, and are not all laid out for people yet",
    Stage.CORRECTING: "people are correcting",
    Stage.INGESTED: "everything is back",
    Stage.TRAINED: "over: the model is trained",
}
_DIFFER: Final = "all raters are done, and differ where somebody must decide"
_ACTIONS: Final[Mapping[Stage, str]] = {
    Stage.NONE: "query", Stage.QUERIED: "query", Stage.CORRECTING: "ingest", Stage.INGESTED: "train",
    Stage.TRAINED: "query",
}  # fmt: skip


@dataclass(frozen=True)
class ActiveStatus:
    """Say where a loop stands; nothing is written, and nobody is kept from working on it."""

    rounds: Path
    json: bool

    def run(self) -> int:
        """Look, and say what there is."""
        told = _look(Rounds(self.rounds))
        print(json.dumps(told) if self.json else _in_words(told))
        return 0


def _look(rounds: Rounds) -> dict[str, Any]:
    settings, state, holder = read_settings(rounds.settings), read_state(rounds), holder_of(rounds)
    begun = [entry for entry in Journal(rounds.journal).entries() if entry.event == BEGUN]
    frozen = read_frozen(rounds) if begun else None
    waiting = to_adjudicate(rounds.round(state.number)) if state.left.get(CONSENSUS_RATER) else []
    images, new, problems = _pool(rounds, settings) if begun else (0, 0, ["init has not come to its end"])
    return {
        "rounds": str(rounds.root),
        "round": state.number,
        "stage": state.stage.value,
        "since": state.since,
        "holder": None if holder is None else asdict(holder),
        "asked": dict(state.asked),
        "left": dict(state.left),
        "pool": images,
        "new_in_pool": new,
        "target": settings.target,
        "dataset": dataset_of(rounds, settings),
        "planned": settings.rounds,
        "adjudicate": waiting,
        "budget": settings.budget,
        "strategy": settings.strategy,
        "tested_persons": len(frozen.persons) if frozen else 0,
        "tested_cases": len(frozen.cases) if frozen else 0,
        "problems": [*problems, *state.problems],
        "next": _next(rounds, state, settings.rounds, begun=bool(begun)),
    }


def _pool(rounds: Rounds, settings: ActiveSettings) -> tuple[int, int, list[str]]:
    """Count the images of the pool, and those that have come since; a disk that is not mounted here is a problem."""
    images = len(read_pool(rounds))
    try:
        return images, len(images_since(rounds, settings)), []
    except DataRefusedError as error:
        return images, 0, [str(error)]


def _next(rounds: Rounds, state: RoundState, planned: int, *, begun: bool) -> str:
    over = state.stage is Stage.TRAINED and 0 < planned <= state.number
    action = "init" if not begun else "report" if over else _ACTIONS[state.stage]
    return f"nnunet_ext active {action} {rounds.root}"


def _in_words(told: Mapping[str, Any]) -> str:
    stage, holder = Stage(told["stage"]), told["holder"]
    since = f" (since {told['since']})" if told["since"] else ""
    labelled = told["dataset"] or "none yet"
    held = "nobody" if holder is None else str(Holder(**holder))
    planned = f" of {told['planned']}" if told["planned"] else ""
    place = Rounds(Path(told["rounds"])).round(told["round"]).to_correct
    waiting = told["left"].get(CONSENSUS_RATER, 0)
    with_people = stage is Stage.CORRECTING and any(
        left for rater, left in told["left"].items() if rater != CONSENSUS_RATER
    )
    stands = _DIFFER if waiting and not with_people else _STAGES[stage]
    lines = [
        f"{told['rounds']}: round {told['round']}{planned}: {stands}{since}",
        f"held by    {held}",
        f"target     {told['target']}; labelled dataset: {labelled}; tested on: {told['tested_persons']} patients, "
        f"{told['tested_cases']} images",
        f"pool       {told['pool']} images, and {told['new_in_pool']} that have come since the last scan",
        f"a round    {told['budget']} cases by strategy {told['strategy']}",
    ]
    for rater, asked in told["asked"].items():
        name = "everybody" if rater == NOTHING else rater
        if rater != CONSENSUS_RATER:
            lines.append(f"rater      {name}: {told['left'][rater]} of {asked} cases left")
    lines += [f"adjudicate {row['case']}, {row['region']}: {row['reason']}" for row in told["adjudicate"][:_SHOWN]]
    if waiting:
        lines.append(f"waiting    {waiting} cases in which raters differ; train refuses this round until then")
    lines += [f"problem    {problem}" for problem in told["problems"]]
    if with_people:
        lines.append(f"next       correct: nnunet_ext active correct {told['rounds']}{_rater(told)}")
        lines.append(f"           or with any viewer what lies in {place}; then: {told['next']}")
    elif waiting:
        lines.append(f"next       settle: nnunet_ext active correct {told['rounds']} --rater {CONSENSUS_RATER}")
        lines.append(
            f"           or save the masks that are to count in {place / CONSENSUS_RATER}; then: {told['next']}"
        )
    else:
        lines.append(f"next       {told['next']}")
    return "\n".join(lines)


def _rater(told: Mapping[str, Any]) -> str:
    """Name the option that several raters need."""
    raters = [rater for rater, left in told["left"].items() if left and rater != CONSENSUS_RATER]
    return f" --rater {raters[0]}" if len(set(told["asked"]) - {CONSENSUS_RATER}) > 1 else ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the action's arguments."""
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def from_options(options: argparse.Namespace) -> ActiveStatus:
    """Take the parsed arguments."""
    return ActiveStatus(options.rounds, options.json)
