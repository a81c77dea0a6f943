"""What of the painting matters: `cord` trained for some hundred steps with a part of it left out, on real images.

The bodies are those that `nnunet_ext train-default` drew; every variant has the same ones, the same seed and the same
number of steps, far fewer than the shipped model has. Dice is that of `default_models.py --only cord`.

Run: python benchmarks/synthetic_ablation.py --made OUT --root DIR [--epochs 12]
(OUT of train-default, with the bodies of `cord` and a trained localizer; finished variants in the root are kept. With
--variants and --train-only, several processes share the trainings, and a last one judges.)
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from nnunet_ext.cli.demo.nnunet_process import NnunetProcess
from nnunet_ext.cli.train_default.cards import card_of
from nnunet_ext.core.atomic import write_json
from nnunet_ext.models.default_card import CARD
from nnunet_ext.models.default_models import CORD, LOCALIZER
from nnunet_ext.models.ship import ship_model
from nnunet_ext.phantom.painting.plainer import Part
from nnunet_ext.trainers.settings import SEED_VARIABLE
from nnunet_ext.trainers.synthetic_plans import CONFIGURATION, PLANS_NAME
from nnunet_ext.trainers.synthetic_recipe import RECIPES, STEPS

WHOLE = "whole"
FIELDS = "without small fields"
RANDOM = "random contrasts alone"
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    WHOLE: {},
    **{f"without {part}": {"without": [str(part)]} for part in Part},
    FIELDS: {"fields": {"box": 0.0, "short": 0.0, "beside": 0.0}},
    RANDOM: {"contrasts": {"random": 1.0}},
}
RECIPE = next(recipe for recipe in RECIPES if recipe.name == CORD)
JUDGE = Path(__file__).with_name("default_models.py")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--made", type=Path, required=True, help="OUT of nnunet_ext train-default")
    parser.add_argument("--localizer", type=Path, help="folder that holds cord-localizer (default: OUT/models)")
    parser.add_argument("--root", type=Path, required=True, help="folder of all that is made")
    parser.add_argument("--epochs", type=int, default=12, help=f"of {STEPS} steps")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), help="(all)")
    parser.add_argument("--train-only", action="store_true", help="leave judging to another run")
    parser.add_argument("-device", "--device", default="cpu", help="of the trainings (cpu)")
    options = parser.parse_args()
    rows = []
    for name in options.variants:
        root = options.root.resolve() / name.replace(" ", "-")
        done = root / "figures.json"
        if not (root / "models" / CORD / CARD).is_file():
            trained = train(options.made, root, VARIANTS[name], options.epochs, options.seed, options.device)
            ship_model(trained, root / "models" / CORD, card_of(CORD, {}, {}), ["all"], mirror=RECIPE.mirror)
        if options.train_only:
            continue
        if not done.is_file():
            localizer = (options.localizer or options.made / "models") / LOCALIZER
            shutil.copytree(localizer, root / "models" / LOCALIZER, dirs_exist_ok=True)
            judge = [sys.executable, str(JUDGE), "--models", root / "models", "--root", root / "judged"]
            subprocess.run([*map(str, judge), "--only", "cord", "--json", str(done)], check=True, env=dict(os.environ))
        found = json.loads(done.read_text(encoding="utf-8"))["figures"]["cord"]
        by_volume = {row["volume"]: row["dice"] for row in found["volumes"]}
        rows.append({"variant": name, "median": found["median_dice"], "worst": found["worst_dice"], **by_volume})
    print(f"{STEPS * options.epochs} steps, seed {options.seed}")
    if rows:
        print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format))


def train(made: Path, root: Path, changes: Mapping[str, Any], epochs: int, seed: int, device: str) -> Path:
    """Train one variant on links to the bodies; give nnU-Net's folder of the model."""
    source, nnunet = made / "nnunet" / "preprocessed" / RECIPE.dataset_name, root / "nnunet"
    folder = nnunet / "preprocessed" / RECIPE.dataset_name
    if not folder.is_dir():
        shutil.copytree(source, folder, copy_function=os.link)
    file = folder / f"{PLANS_NAME}.json"
    plans = json.loads(file.read_text(encoding="utf-8"))
    painting = plans["configurations"][CONFIGURATION]["painting"]
    for key, value in changes.items():
        painting[key] = {**painting[key], **value} if key == "fields" else value
    file.unlink()  # a link to the original
    write_json(file, plans)
    trainer = f"nnUNetTrainerSynthetic_{epochs}epochs"
    trained: Path = nnunet / "results" / RECIPE.dataset_name / f"{trainer}__{PLANS_NAME}__{CONFIGURATION}"
    arguments = [str(RECIPE.number), CONFIGURATION, "all", "-tr", trainer, "-p", PLANS_NAME, "-device", device]
    if any((trained / "fold_all").glob("checkpoint_*.pth")):
        arguments.append("--c")
    process = NnunetProcess(nnunet, root / "train.log", n_procs=1)
    process.run("nnUNetv2_train", arguments, lambda _: None, variables={SEED_VARIABLE: str(seed)})
    return trained


if __name__ == "__main__":
    main()
