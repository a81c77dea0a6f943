"""`nnunet_ext active simulate`: the correction loop with known labels in the place of people."""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.active_learning.claim import claim
from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.active_learning.pool import plan_pool, pool_sources, scan_pool
from nnunet_ext.active_learning.query.strategy_names import BASELINE, STRATEGIES
from nnunet_ext.active_learning.round_state import Stage
from nnunet_ext.active_learning.settings import ActiveSettings
from nnunet_ext.active_learning.simulate.known_labels import KnownLabels
from nnunet_ext.active_learning.simulate.layout import Simulation
from nnunet_ext.active_learning.simulate.points import DICE, Run, main_region, quantity_of
from nnunet_ext.cli.active.init import add_settings, asked_settings
from nnunet_ext.cli.active.labelled import labelled_dataset
from nnunet_ext.cli.active.loop_options import add_device, add_loop_options
from nnunet_ext.cli.active.simulated_run import SimulatedRun
from nnunet_ext.cli.active.simulated_start import FirstTraining, living_in, run_home, start_home
from nnunet_ext.cli.best_device import best_device
from nnunet_ext.cli.n_procs import add_n_procs
from nnunet_ext.cli.predict.model import find_model
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.errors import ConflictError, DataRefusedError, UsageError
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.dataset_conversion.plan import Labels
from nnunet_ext.models.default_models import NAMES

_STRATEGIES: Final = (BASELINE, "entropy", "bald", "claspe", "strata")
_KEPT: Final = {"tested_in_pool": "skip", "lesion_outside_cord": "keep"}


@dataclass(frozen=True)
class ActiveSimulate:
    """Run the loop for every strategy and seed, and say what they reached.

    Parameters
    ----------
    out
        The folder of the simulation.
    asked
        Settings of all loops, as `ActiveInit` takes them.
    first
        How the first models are trained, one for each seed; not looked at where `asked` names a model.
    strategies, seeds, rounds
        Of which there is a loop for each pair, with so many rounds.
    device
        `auto`, or as torch names it.
    n_procs
        Processes.
    steal
        Whether a claim that the user knows for stale is taken over.
    json
        Whether the answer is JSON.
    """

    out: Path
    asked: Mapping[str, Any]
    first: FirstTraining
    strategies: tuple[str, ...]
    seeds: tuple[int, ...]
    rounds: int
    device: str
    n_procs: int
    steal: bool
    json: bool

    def run(self) -> int:
        """Run what has not been run, and compare."""
        simulation = Simulation(self.out)
        asked = self._settled()
        known = self._known(asked)
        device = best_device() if self.device == "auto" else self.device
        with claim(Rounds(self.out), steal=self.steal):
            self._keep_record(simulation, asked)
            for seed in self.seeds:
                self._start(simulation, seed, asked, device)
                for strategy in self._order:
                    self._loop(simulation, strategy, seed, asked, known, device)
            self._conclude(simulation, main_region(known.plan.target))
        return 0

    @property
    def _order(self) -> tuple[str, ...]:
        """The strategies, first that which all others are compared with."""
        return tuple(dict.fromkeys((BASELINE, *self.strategies)))

    def _settled(self) -> dict[str, Any]:
        """Give all settings of the loops but strategy, seed and the model that is trained for each seed."""
        if not self.asked.get("dataset"):
            raise UsageError("a labelled dataset, converted and preprocessed, was needed to start from; give: -d ID")
        if not self.asked.get("pool"):
            raise UsageError("a pool with labels was needed; give BIDS folders: --pool [NAME=]BIDS ...")
        asked = {**_KEPT, **self.asked}
        if (model := asked.get("model", "")) and model not in NAMES:
            asked["model"] = str(find_model(model, "-m").resolve())  # each loop has results of its own
        return asked

    def _known(self, asked: Mapping[str, Any]) -> KnownLabels:
        """Find the labels of the pool, and see that they are enough."""
        existing = labelled_dataset(asked["dataset"])
        if existing is None:  # which `_settled` has seen to
            raise UsageError("a labelled dataset was needed; give: -d ID")
        target = asked.get("target", existing.record["target"]["name"])
        settings = ActiveSettings(**{"target": target, "model": "", **asked})
        sources = pool_sources(Rounds(self.out), settings)
        known = KnownLabels.of_plan(plan_pool(sources, settings, existing, Labels.NEEDED))
        pool = scan_pool(sources, settings, existing)
        labelled, needed = sum(row["case"] in known.cases for row in pool.rows), self.rounds * settings.budget
        if labelled < needed:
            raise DataRefusedError(
                f"{self.rounds} rounds of {settings.budget} cases need {needed} images with all their labels in the "
                f"pool, found {labelled} of {len(pool.rows)}; give more, a smaller --budget, or fewer --rounds"
            )
        return known

    def _keep_record(self, simulation: Simulation, asked: Mapping[str, Any]) -> None:
        """Write down what cannot be changed on the way; refuse other things than stand there."""
        first = None if asked.get("model") else asdict(self.first)
        settings = {**asked, **({"shares": asdict(asked["shares"])} if "shares" in asked else {})}
        wanted = json.loads(json.dumps({"settings": settings, "first": first}))
        if not simulation.record.is_file():
            write_json(simulation.record, wanted)
        elif (found := read_json_object(simulation.record)) != wanted:
            parts = [(part, found.get(part) or {}, wanted[part] or {}) for part in wanted]
            other = sorted({key for _, a, b in parts for key in {*a, *b} if a.get(key) != b.get(key)})
            raise ConflictError(
                f"{simulation.record}: {', '.join(other)} of this simulation are others; strategies and seeds can "
                f"be added, everything else needs another folder"
            )

    def _start(self, simulation: Simulation, seed: int, asked: Mapping[str, Any], device: str) -> None:
        begun = time.monotonic()
        start_home(simulation, seed, asked["dataset"], None if asked.get("model") else self.first, device)
        self._tell(f"seed {seed}: the model that all strategies start from, {time.monotonic() - begun:.0f} s")

    def _loop(
        self, simulation: Simulation, strategy: str, seed: int, asked: Mapping[str, Any], known: KnownLabels,
        device: str,
    ) -> None:  # fmt: skip
        home = run_home(simulation, strategy, seed)
        model = asked.get("model") or self.first.model(asked["dataset"])
        settings = {**asked, "model": model, "strategy": strategy, "seed": seed}
        twin = None if strategy == BASELINE else simulation.run(BASELINE, seed).rounds
        one = SimulatedRun(home, settings, known, device, self.n_procs, twin)
        region = main_region(known.plan.target)
        begun, done = time.monotonic(), 0
        with living_in(home, seed):
            while (state := one.step(self.rounds)) is not None:
                if state.stage is not Stage.TRAINED:
                    continue
                value = _reached(Run(strategy, seed, home.rounds), state.number, region)
                now = time.monotonic()
                self._tell(
                    f"seed {seed}, {strategy}, round {state.number}: {quantity_of(region)} {value}, {now - begun:.0f} s"
                )
                begun, done = now, done + 1
        if not done:
            self._tell(f"seed {seed}, {strategy}: {self.rounds} rounds, done before")

    def _conclude(self, simulation: Simulation, region: str) -> None:
        # Within the function: scipy and matplotlib are half a second that no other action must cost.
        from nnunet_ext.cli.active.simulated_outcome import compare_runs, outcome_in_words  # noqa: PLC0415

        pairs = [(strategy, seed) for seed in self.seeds for strategy in self._order]
        runs = [Run(strategy, seed, simulation.run(strategy, seed).rounds) for strategy, seed in pairs]
        outcome = compare_runs(simulation, runs, self.rounds, region)
        verdict = outcome.verdict
        if self.json:
            areas = {one.strategy: one.area.mean for one in verdict.comparisons} | {BASELINE: verdict.reached.mean}
            told = {"winner": verdict.winner, "sentences": list(verdict.sentences)}
            print(json.dumps({"out": str(simulation.root), "region": region, "areas": areas, **told}))
        else:
            print("\n".join(outcome_in_words(simulation, outcome, len(self.seeds))))

    def _tell(self, words: str) -> None:
        print(words, file=sys.stderr if self.json else sys.stdout, flush=True)


def _reached(run: Run, number: int, region: str) -> str:
    values = [
        point.value for point in run.points(number)
        if (point.round_number, point.region, point.metric) == (number, region, DICE)
    ]  # fmt: skip
    return "n/a" if not values or values[0] is None else f"{values[0]:.3f}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the action's arguments."""
    parser.description = (
        f"{parser.description} Every strategy and seed has a loop of its own below ROUNDS, with a copy of the "
        "dataset, and all strategies start with a seed from the same model. The pool's labels are what people would "
        "draw: they are compared with what was predicted to measure the effort. In the pool patients who are tested on "
        "are skipped, and lesions outside the cord kept, unless something else is asked for. Interrupted, the same "
        "command goes on."
    )
    add = parser.add_argument
    add_settings(parser)
    add(
        "--strategies", nargs="+", choices=list(STRATEGIES), default=list(_STRATEGIES), metavar="NAME",
        help=f"{', '.join(STRATEGIES)} (default: {', '.join(_STRATEGIES)}; {BASELINE} is always one)",
    )  # fmt: skip
    add("--seeds", nargs="+", type=int, default=[1, 2, 3], metavar="N", help="of draws and trainings (default: 1 2 3)")
    add("--rounds", dest="planned", type=int, default=3, metavar="N", help="of each loop (default: 3)")
    add(
        "-c",
        dest="first_configuration",
        default="3d_fullres",
        metavar="NAME",
        help="of the first models (default: 3d_fullres)",
    )
    add(
        "-p",
        dest="first_plans",
        default="nnUNetPlans",
        metavar="NAME",
        help="of the first models (default: nnUNetPlans)",
    )
    add("-f", dest="first_fold", default="0", metavar="FOLD", help="of the first models (default: 0)")
    add(
        "--first-trainer", default="nnUNetTrainerSCI", metavar="NAME",
        help="of the first models, as nnUNetv2_train -tr takes it (default: nnUNetTrainerSCI)",
    )  # fmt: skip
    add_device(parser)
    add_n_procs(parser)
    add_loop_options(parser)


def from_options(options: argparse.Namespace) -> ActiveSimulate:
    """Take the parsed arguments."""
    if options.planned < 1 or min(options.seeds) < 0:
        raise UsageError("--rounds needs 1 or more, and --seeds 0 or more")
    first = FirstTraining(options.first_trainer, options.first_plans, options.first_configuration, options.first_fold)
    return ActiveSimulate(
        options.rounds,
        asked_settings(options),
        first,
        tuple(dict.fromkeys(options.strategies)),
        tuple(dict.fromkeys(options.seeds)),
        options.planned,
        options.device,
        options.n_procs,
        options.steal,
        options.json,
    )
