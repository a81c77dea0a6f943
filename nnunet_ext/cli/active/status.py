"""`nnunet_ext active status`: where a correction loop stands."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.active_learning.claim import Holder, holder_of
from nnunet_ext.active_learning.frozen import read_frozen
from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.active_learning.loop_dataset import dataset_of
from nnunet_ext.active_learning.pool import images_since, pool_sources, read_pool
from nnunet_ext.active_learning.round_state import BEGUN, RoundState, Stage, read_state
from nnunet_ext.active_learning.settings import ActiveSettings, read_settings
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.tables import NOTHING

_STAGES: Final[Mapping[Stage, str]] = {
    Stage.NONE: "nothing was asked for yet",
    Stage.QUERIED: "the cases are chosen, and are not all laid out for people yet",
    Stage.CORRECTING: "people are correcting",
    Stage.INGESTED: "everything is back",
    Stage.TRAINED: "over: the model is trained",
}
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
        rounds = Rounds(self.rounds)
        if not rounds.settings.is_file():
            raise UsageError(
                f"{rounds.root}: the folder of a correction loop was needed, and there is no {rounds.settings.name}; "
                f"begin one: nnunet_ext active init {rounds.root} --pool BIDS"
            )
        told = _look(rounds)
        print(json.dumps(told) if self.json else _in_words(told))
        return 0


def _look(rounds: Rounds) -> dict[str, Any]:
    settings, state, holder = read_settings(rounds.settings), read_state(rounds), holder_of(rounds)
    begun = [entry for entry in Journal(rounds.journal).entries() if entry.event == BEGUN]
    frozen = read_frozen(rounds) if begun else None
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
        "budget": settings.budget,
        "strategy": settings.strategy,
        "tested_persons": len(frozen.persons) if frozen else 0,
        "tested_cases": len(frozen.cases) if frozen else 0,
        "problems": [*problems, *state.problems],
        "next": _next(rounds, state, begun=bool(begun)),
    }


def _pool(rounds: Rounds, settings: ActiveSettings) -> tuple[int, int, list[str]]:
    """Count the images of the pool, and those that have come since; a disk that is not mounted here is a problem."""
    images = len(read_pool(rounds))
    try:
        return images, len(images_since(rounds, pool_sources(rounds, settings))), []
    except DataRefusedError as error:
        return images, 0, [str(error)]


def _next(rounds: Rounds, state: RoundState, *, begun: bool) -> str:
    return f"nnunet_ext active {_ACTIONS[state.stage] if begun else 'init'} {rounds.root}"


def _in_words(told: Mapping[str, Any]) -> str:
    stage, holder = Stage(told["stage"]), told["holder"]
    since = f" (since {told['since']})" if told["since"] else ""
    labelled = told["dataset"] or "none yet"
    held = "nobody" if holder is None else str(Holder(**holder))
    lines = [
        f"{told['rounds']}: round {told['round']}: {_STAGES[stage]}{since}",
        f"held by    {held}",
        f"target     {told['target']}; labelled dataset: {labelled}; tested on: {told['tested_persons']} patients, "
        f"{told['tested_cases']} images",
        f"pool       {told['pool']} images, and {told['new_in_pool']} that have come since the last scan",
        f"a round    {told['budget']} cases by strategy {told['strategy']}",
    ]
    for rater, asked in told["asked"].items():
        name = "everybody" if rater == NOTHING else rater
        lines.append(f"rater      {name}: {told['left'][rater]} of {asked} cases left")
    lines += [f"problem    {problem}" for problem in told["problems"]]
    if stage is Stage.CORRECTING and any(told["left"].values()):
        place = Rounds(Path(told["rounds"])).round(told["round"]).to_correct
        lines.append(f"next       correct what lies in {place}, then: {told['next']}")
    else:
        lines.append(f"next       {told['next']}")
    return "\n".join(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the action's arguments."""
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def from_options(options: argparse.Namespace) -> ActiveStatus:
    """Take the parsed arguments."""
    return ActiveStatus(options.rounds, options.json)
