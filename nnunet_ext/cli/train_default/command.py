"""`nnunet_ext train-default`: the shipped models again, from a seed and synthetic data alone."""

import argparse
import platform
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from nnunet_ext.cli.best_device import best_device
from nnunet_ext.cli.demo.console import Console
from nnunet_ext.cli.demo.nnunet_process import NnunetProcess, training_progress
from nnunet_ext.cli.demo.steps import Step, Tell, run_steps
from nnunet_ext.cli.n_procs import add_n_procs
from nnunet_ext.cli.take_options import take_options
from nnunet_ext.cli.train_default.cards import card_of
from nnunet_ext.core.environment import require_torchvision
from nnunet_ext.core.errors import FileRefusedError, UsageError
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.models.default_models import NAMES, PLACE
from nnunet_ext.models.ship import ship_model
from nnunet_ext.trainers.settings import SEED_VARIABLE
from nnunet_ext.trainers.synthetic_plans import CONFIGURATION, PLANS_NAME
from nnunet_ext.trainers.synthetic_recipe import RECIPES, STEPS, Recipe

_EXAMPLES: Final = f"""\
examples:
  all three, resumable:  nnunet_ext train-default made
  on a GPU:              nnunet_ext train-default made -device cuda -np 16
  one of them, quickly:  nnunet_ext train-default made --models cord --epochs 20
to predict with what was made instead of what came with the package:
  export {PLACE}=$PWD/made/models"""

_MAP_SECONDS: Final = 1.5
_STEP_SECONDS: Final = {"cpu": 0.6, "cuda": 0.05}  # of a core, and of an H200 that others used, too
_LEAST_MAPS: Final = 5
_CARDS_KEY: Final = "cards"


@dataclass(frozen=True)
class TrainDefault:
    """Train models on synthetic data: each field is the argument of its name; None takes the recipe's number."""

    out: Path
    models: tuple[str, ...]
    epochs: int | None
    maps: int | None
    seed: int
    device: str
    figures: Path | None
    n_procs: int

    def run(self) -> int:
        """Make what is not yet made, and write models and cards."""
        if min(self.epochs or 1, self.maps or 1, self.seed + 1) < 1:
            raise UsageError("--epochs and --maps need 1 or more, and --seed 0 or more")
        require_torchvision()
        figures = {} if self.figures is None else _figures(self.figures)
        recipes = [self._recipe(recipe) for recipe in RECIPES if recipe.name in self.models]
        if any(recipe.maps < _LEAST_MAPS and len(recipe.folds) > 1 for recipe in recipes):
            raise UsageError(f"--maps needs {_LEAST_MAPS} or more: each fold leaves a fifth of them out")
        device = best_device() if self.device == "auto" else self.device
        steps = [step for recipe in recipes for step in _Making(self, recipe, device).steps()]
        print(f"Everything goes to {self.out}; interrupted, the same command goes on.")
        seconds = run_steps(steps, self.out / ".steps", Console([step.expected_seconds for step in steps]))
        for recipe in recipes:
            making = _Making(self, recipe, device)
            card = card_of(recipe.name, making.training(seconds), figures)
            folder = self.out / "models" / recipe.name
            ship_model(making.trained, folder, card, recipe.folds, mirror=recipe.mirror)
            print(f"{recipe.name}: {folder}")
        print(f"To predict with them: export {PLACE}={(self.out / 'models').resolve()}")
        return 0

    def _recipe(self, recipe: Recipe) -> Recipe:
        return replace(recipe, epochs=self.epochs or recipe.epochs, maps=self.maps or recipe.maps)


@dataclass(frozen=True)
class _Making:
    """One model."""

    asked: TrainDefault
    recipe: Recipe
    device: str

    @property
    def nnunet(self) -> Path:
        """The root of nnU-Net's three folders."""
        return self.asked.out / "nnunet"

    @property
    def preprocessed(self) -> Path:
        """The dataset of tissue maps."""
        return self.nnunet / "preprocessed" / self.recipe.dataset_name

    @property
    def trained(self) -> Path:
        """The model's folder as nnU-Net leaves it."""
        model = f"{self._trainer}__{PLANS_NAME}__{CONFIGURATION}"
        return self.nnunet / "results" / self.recipe.dataset_name / model

    @property
    def _trainer(self) -> str:
        return f"nnUNetTrainerSynthetic_{self.recipe.epochs}epochs"

    def steps(self) -> list[Step]:
        """Draw the tissue maps, then train."""
        name, asked = self.recipe.name, self.asked
        return [
            Step(
                f"{name}-maps",
                f"{name}: draw {self.recipe.maps} bodies",
                _MAP_SECONDS * self.recipe.maps / asked.n_procs,
                [asked.seed, asdict(replace(self.recipe, mirror=False, folds=(), epochs=0, maps=0))],
                self._draw,
                _remover([self.preprocessed]),
            ),
            *(
                Step(
                    f"{name}-train-{fold}",
                    f"{name}: train fold {fold}",
                    _STEP_SECONDS.get(self.device, _STEP_SECONDS["cpu"]) * STEPS * self.recipe.epochs,
                    [asked.seed, self.recipe.epochs, self.recipe.maps, fold],
                    partial(self._train, fold),
                    _remover([self.trained / f"fold_{fold}"]),
                )
                for fold in self.recipe.folds
            ),
        ]

    def training(self, seconds: dict[str, float]) -> dict[str, str]:
        """Say for the card how the model was made."""
        hours = sum(taken for step, taken in seconds.items() if step in {one.name for one in self.steps()}) / 3600
        return {
            "made by": f"nnunet_ext train-default --seed {self.asked.seed}",
            "trained on": f"{self.recipe.maps} synthetic bodies, painted anew for each patch",
            "networks": f"{len(self.recipe.folds)} of {STEPS * self.recipe.epochs} steps each",
            "hours": f"{hours:.1f} on {self.device}",
            "versions": ", ".join(f"{package} {version(package)}" for package in ("nnunet_ext", "nnunetv2", "torch")),
            "Python": platform.python_version(),
        }

    def _draw(self, tell: Tell) -> None:
        # Within the function: torch and nnU-Net are seconds of import that asking for help must not cost.
        from nnunet_ext.trainers.tissue_map_dataset import write_tissue_map_dataset  # noqa: PLC0415

        total = self.recipe.maps
        write_tissue_map_dataset(
            self.nnunet / "preprocessed",
            self.recipe,
            self.asked.seed,
            n_procs=self.asked.n_procs,
            progress=lambda done, _: tell(done / total, f"{done} of {total}"),
        )

    def _train(self, fold: str, tell: Tell) -> None:
        def hear(line: str) -> None:
            progress = training_progress(line)
            if progress is not None:
                tell(*progress)

        arguments = [str(self.recipe.number), CONFIGURATION, fold, "-tr", self._trainer, "-p", PLANS_NAME]
        arguments += ["-device", self.device]
        if any((self.trained / f"fold_{fold}").glob("checkpoint_*.pth")):
            arguments.append("--c")
        process = NnunetProcess(self.nnunet, self.asked.out / "train.log", self.asked.n_procs)
        seed = self.asked.seed + self.recipe.folds.index(fold)
        process.run("nnUNetv2_train", arguments, hear, variables={SEED_VARIABLE: str(seed)})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.epilog = _EXAMPLES
    add = parser.add_argument
    add("out", type=Path, metavar="OUT", help="folder for bodies, trainings and, in `models`, what comes of them")
    add("--models", nargs="+", choices=NAMES, default=list(NAMES), metavar="NAME", help=f"of {', '.join(NAMES)}")
    add("--epochs", type=int, metavar="N", help=f"of {STEPS} steps each (default: the recipe's)")
    add("--maps", type=int, metavar="N", help="synthetic bodies (default: the recipe's)")
    add("--seed", type=int, default=2026, metavar="N", help="everything random follows from it")
    add("-device", "--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="(default: auto)")
    add(
        "--figures", type=Path, metavar="JSON",
        help="(default: none) what benchmarks/default_models.py measured of these models: written into their cards",
    )  # fmt: skip
    add_n_procs(parser)


def from_options(options: argparse.Namespace) -> TrainDefault:
    """Take the parsed arguments."""
    return take_options(TrainDefault, options)


def _figures(file: Path) -> dict[str, Any]:
    """Read what was measured, for each model, out of all that the benchmark wrote."""
    needed = f"--figures: what benchmarks/default_models.py --json writes was needed, with `{_CARDS_KEY}`"
    measured = read_json_object(file, needed).get(_CARDS_KEY)
    if not isinstance(measured, dict):
        raise FileRefusedError(file, needed)
    return measured


def _remover(folders: Sequence[Path]) -> Any:  # noqa: ANN401 - a callable without arguments
    return partial(_remove, folders)


def _remove(folders: Sequence[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
