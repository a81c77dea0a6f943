"""SCIseg's story in miniature: what two rounds of corrected axial scans, and then a new site, do to every site.

Phase 1: a model is trained on sagittal scans of site A and axial scans of site B. Phase 2: the pool holds axial scans
of site A; in two rounds of eight cases the loop chooses, known labels correct, and the model goes on. Phase 3: an
isotropic site C comes into the pool, and a third round takes it in. After each phase all models are tested on the same
held-out patients of every site, those of C from the beginning. Site A's axial scans are made of its own patients,
coil and noise, with the slices of the other site.

Beside it the second round is trained from scratch, with the same cases, plans and number of steps, instead of going on
from the model before.

Run: taskset -c 1 python benchmarks/sciseg_story.py --root DIR [--resume]

With --resume what was done in DIR is kept. Means and standard deviations are over the seeds of draws and trainings.
"""

import argparse
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from loop_world import FIRST, Persons, World, small_site
from trainer_gain import claim, spread

from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.active_learning.round_state import Stage, read_state
from nnunet_ext.active_learning.settings import read_settings, write_settings
from nnunet_ext.active_learning.simulate.known_labels import KnownLabels
from nnunet_ext.active_learning.simulate.layout import Home, Simulation
from nnunet_ext.cli.active.simulated_run import SimulatedRun
from nnunet_ext.cli.active.simulated_start import FirstTraining, living_in, run_home, start_home
from nnunet_ext.cli.demo.workspace import CONFIGURATION, PLANS
from nnunet_ext.core.atomic import TEMPORARY_MARK, write_text
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.plan import PlanOptions, make_plan
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.source import Source
from nnunet_ext.evaluation.write_scores import tsv

PHASES = ("1: A sagittal, B axial", "2: and 8 of A axial", "2: and 16 of A axial", "3: and C isotropic")
COMPARED = 2
BUDGET = 8
COLUMNS = {"dice": "Dice", "volume_error_percent": "volume error, %"}


@dataclass(frozen=True)
class Settings:
    """What the figures depend on."""

    data_seed: int
    train: int
    test: int
    iterations: int
    first_epochs: int
    epochs: int
    strategy: str


def world(root: Path, settings: Settings) -> World:
    """Give the patients of the three sites."""
    sagittal = small_site("sagittal-sci", name="A-sagittal", code="asag")
    axial = small_site("axial-ms", name="B-axial", code="bax")
    of_a = {key: getattr(sagittal, key) for key in ("noise", "bias", "coil_mm", "scale", "pathologies", "levels")}
    added = replace(axial, name="A-axial", code="aax", **of_a)
    isotropic = small_site("isotropic", name="C-isotropic", code="ciso")
    persons = (
        Persons(sagittal, settings.train, settings.test, 0),
        Persons(axial, settings.train, settings.test, 0),
        Persons(added, 0, settings.test, 2 * BUDGET),
        Persons(isotropic, 0, settings.test, BUDGET),
    )
    return World(root, 640, "SciStory", persons, settings.iterations, settings.data_seed)


class Story:
    """One seed's story."""

    def __init__(self, root: Path, settings: Settings, seed: int, device: str) -> None:
        self.world, self.settings, self.seed, self.device = world(root, settings), settings, seed, device
        self.simulation = Simulation(root / "loops")
        self.home = self.simulation.run("story", seed)
        self.first = FirstTraining(f"{FIRST}_{settings.first_epochs}epochs", PLANS, CONFIGURATION, "0")

    @property
    def scratch(self) -> Home:
        return self.simulation.run("scratch", self.seed)

    def tell(self) -> Iterator[tuple[str, float]]:
        """Do all of it, and say what took how many seconds; what was done before takes none."""
        with self.world.environment():
            begun = time.monotonic()
            start_home(self.simulation, self.seed, self.world.dataset.folder.name, self.first, self.device)
            run_home(self.simulation, "story", self.seed)
            yield PHASES[0], time.monotonic() - begun
        for number in range(1, len(PHASES)):
            begun = time.monotonic()
            with living_in(self.home, self.seed):
                if number == len(PHASES) - 1:
                    self._bring_in_c()
                self._round(self.home, number)
            yield PHASES[number], time.monotonic() - begun

    def _asked(self) -> dict[str, object]:
        return {
            "dataset": self.world.dataset.folder.name, "model": self.first.model(self.world.dataset.folder.name),
            "pool": (self._entry(2),), "localizer": "none", "budget": BUDGET, "strategy": self.settings.strategy,
            "most_per_site": 1.0,
            "rounds": len(PHASES) - 1, "seed": self.seed, "epochs": self.settings.epochs, "lesion_outside_cord": "keep",
        }  # fmt: skip

    def _entry(self, index: int) -> str:
        site = self.world.persons[index].site
        return f"{site.code}={self.world.pool(site)}"

    def _round(self, home: Home, number: int) -> None:
        """Do a round; before its model is trained, the second one is copied to be trained from scratch, too."""
        run = SimulatedRun(home, self._asked(), self._known(), self.device, 1)
        while (state := read_state(home.rounds)).number < number or (
            state.number == number and state.stage is not Stage.TRAINED
        ):
            if (state.number, state.stage) == (COMPARED, Stage.INGESTED):
                self._fork()
            run.step(number)
        if number == COMPARED:
            self._from_scratch()

    def _fork(self) -> None:
        if self.scratch.root.is_dir():
            return
        unfinished = self.scratch.root.with_name(f"{TEMPORARY_MARK}{self.scratch.root.name}")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(self.home.root, unfinished, symlinks=True)
        settings = read_settings(Rounds(unfinished / "rounds").settings)
        write_settings(Rounds(unfinished / "rounds").settings, replace(settings, start="scratch"))
        unfinished.rename(self.scratch.root)

    def _from_scratch(self) -> None:
        with living_in(self.scratch, self.seed):
            SimulatedRun(self.scratch, {}, self._known(), self.device, 1).step(COMPARED)

    def _known(self) -> KnownLabels:
        sites = [one.site for one in self.world.persons if one.pool]
        sources = [Source(site.code, self.world.pool(site)) for site in sites]
        plan = make_plan(sources, load_profile("auto"), load_target("cord-lesion"), PlanOptions())
        return KnownLabels.of_plan(plan)

    def _bring_in_c(self) -> None:
        """Name site C in the settings, as a person would."""
        path = self.home.rounds.settings
        settings = read_settings(path)
        if len(settings.pool) == 1:
            write_settings(path, replace(settings, pool=(*settings.pool, self._entry(3))))

    def scores(self) -> pd.DataFrame:
        """Give the lesion's means of every site after each phase, and of the second from scratch."""
        found = []
        for phase, rounds, number in [
            *((phase, self.home.rounds, number) for number, phase in enumerate(PHASES)),
            ("from scratch", self.scratch.rounds, COMPARED),
        ]:
            table = pd.read_csv(rounds.round(number).test_scores, sep="\t", na_values="n/a")
            lesion = table[table["region"] == "lesion"].assign(
                volume_error_percent=lambda t: t["volume_error_percent"].abs()
            )
            means = lesion.groupby("site")[list(COLUMNS)].mean().reset_index()
            found.append(means.assign(phase=phase, seed=self.seed))
        return pd.concat(found, ignore_index=True)

    def minutes(self) -> dict[str, float]:
        """Give the minutes of the second round's training, warm and from scratch."""
        homes = {"warm": self.home, "from scratch": self.scratch}
        trained = {name: read_json_object(home.rounds.round(COMPARED).trained) for name, home in homes.items()}
        return {name: float(record["minutes"]) for name, record in trained.items()}


def show(scores: pd.DataFrame, minutes: pd.DataFrame) -> None:
    """Print a table of phases by sites for each figure, and warm start beside from scratch."""
    for column, name in COLUMNS.items():
        table = scores.pivot(index=["phase", "site"], columns="seed", values=column)
        told = spread(table).unstack("site").reindex(PHASES)
        print(f"\nlesion, {name}: mean ± standard deviation over seeds\n{told.to_string()}")
    chosen = {"warm": PHASES[COMPARED], "from scratch": "from scratch"}
    dice = scores.pivot(index=["phase", "site"], columns="seed", values="dice")
    by_site = {name: dice.loc[[phase]].droplevel("phase") for name, phase in chosen.items()}
    beside = pd.DataFrame({name: spread(values) for name, values in by_site.items()})
    beside["warm - scratch"] = spread(by_site["warm"] - by_site["from scratch"])
    print(f"\nlesion Dice after the second round, as many steps\n{beside.to_string()}")
    print(f"minutes of training\n{spread(minutes.T).to_string()}")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--root", type=Path, required=True, help="folder of every product")
    add("--resume", action="store_true", help="go on in it; what was done is kept")
    add("--seeds", nargs="+", type=int, default=[1, 2, 3], help="(1 2 3)")
    add("-device", "--device", default="cpu", help="(cpu)")
    add("--data-seed", type=int, default=5, help="of the patients (5)")
    add("--train", type=int, default=8, help="patients of A and of B that the first model is trained on (8)")
    add("--test", type=int, default=6, help="patients of each site that all are tested on (6)")
    add("--iterations", type=int, default=25, help="steps of an epoch (25)")
    add("--first-epochs", type=int, default=16, help="of the first model (16)")
    add("--epochs", type=int, default=6, help="of each round (6)")
    add("--strategy", default="strata", help="by which cases are chosen (strata)")
    return parser.parse_args()


def main() -> None:
    options = parsed()
    settings = Settings(**{name: getattr(options, name) for name in Settings.__dataclass_fields__})
    root = options.root.resolve()
    claim(root, settings, resume=options.resume)
    begun = time.monotonic()
    world(root, settings).prepare()
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"nnU-Net {version('nnunetv2')}, torch {version('torch')}, {machine}; {settings}")
    print(f"patients: made and preprocessed in {time.monotonic() - begun:.0f} s", flush=True)
    scores, minutes = [], {}
    for seed in options.seeds:
        story = Story(root, settings, seed, options.device)
        for phase, seconds in story.tell():
            print(f"seed {seed}, phase {phase}: {seconds:.0f} s", flush=True)
        scores.append(story.scores())
        minutes[seed] = story.minutes()
    together = pd.concat(scores, ignore_index=True)
    spent = pd.DataFrame(minutes).T
    write_text(root / "story.tsv", tsv(together))
    write_text(root / "minutes.tsv", tsv(spent.rename_axis("seed").reset_index()))
    show(together, spent)
    print(f"{(time.monotonic() - begun) / 60:.1f} minutes in all")


if __name__ == "__main__":
    main()
