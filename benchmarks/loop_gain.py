"""Which strategy of the correction loop learns most from as many corrected cases, on synthetic patients.

`nnunet_ext active simulate`: for each seed a model is trained on a few patients of a site; from it every strategy goes
on alone for some rounds of queries, corrections by the known labels, and warm starts, and is tested after each round on
the same held-out patients of all sites. The pool holds mostly what helps little: healthy people, and the site that is
known already. Seeds change draws, first weights and patches, not the patients: intervals are over trainings and draws
alone, and say nothing of other patients.

Run: taskset -c 1 python benchmarks/loop_gain.py --root DIR [--resume]

With --resume a simulation that was ended anywhere goes on; it ends with the tables and sentences of the verb, and the
strategy that wins: by its area under the budget curve, significantly, or predicted-foreground random.
"""

import argparse
import os
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from loop_world import FIRST, Persons, World, small_site, verb
from trainer_gain import claim

from nnunet_ext.active_learning.query.strategy_names import BASELINE
from nnunet_ext.cli.demo.workspace import CONFIGURATION, PLANS
from nnunet_ext.phantom.lesions import Pathology

STRATEGIES = (BASELINE, "entropy", "bald", "claspe", "strata")


@dataclass(frozen=True)
class Settings:
    """What the figures depend on."""

    data_seed: int
    train: int
    test: int
    pool: int
    budget: int
    rounds: int
    iterations: int
    first_epochs: int
    epochs: int


def world(root: Path, settings: Settings) -> World:
    """Give the patients: all training is on sagittal injuries, and the pool is of two sites, most of them healthy."""
    mostly_healthy = ((Pathology.HEALTHY, 0.6), (Pathology.MS, 0.4))
    known = small_site("sagittal-sci")
    new = small_site("axial-ms")
    mixed = replace(new, code="mix", pathologies=mostly_healthy)
    persons = (
        Persons(known, settings.train, settings.test, settings.pool // 4),
        Persons(new, 2, settings.test, settings.pool // 4),
        Persons(mixed, 0, 0, settings.pool // 2),
    )
    return World(root, 630, "LoopGain", persons, settings.iterations, settings.data_seed)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--root", type=Path, required=True, help="folder of every product")
    add("--resume", action="store_true", help="go on in it; finished rounds are kept")
    add("--strategies", nargs="+", default=list(STRATEGIES), help=" ".join(STRATEGIES))
    add("--seeds", nargs="+", type=int, default=[1, 2, 3], help="(1 2 3)")
    add("-device", "--device", default="cpu", help="(cpu)")
    add("--data-seed", type=int, default=3, help="of the patients (3)")
    add("--train", type=int, default=6, help="patients with sagittal images that the first model is trained on (6)")
    add("--test", type=int, default=6, help="patients of each of two sites that all are tested on (6)")
    add("--pool", type=int, default=36, help="patients who may be asked for (36)")
    add("--budget", type=int, default=6, help="cases a round (6)")
    add("--rounds", type=int, default=3, help="(3)")
    add("--iterations", type=int, default=25, help="steps of an epoch (25)")
    add("--first-epochs", type=int, default=12, help="of the first models (12)")
    add("--epochs", type=int, default=4, help="of each round (4)")
    return parser.parse_args()


def main() -> None:
    options = parsed()
    settings = Settings(**{name: getattr(options, name) for name in Settings.__dataclass_fields__})
    root = options.root.resolve()
    claim(root, settings, resume=options.resume)
    here = world(root, settings)
    begun = time.monotonic()
    here.prepare()
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"nnU-Net {version('nnunetv2')}, torch {version('torch')}, {machine}; {settings}")
    print(f"patients: made and preprocessed in {time.monotonic() - begun:.0f} s", flush=True)
    pools = [f"{one.site.code}={here.pool(one.site)}" for one in here.persons if one.pool]
    with here.environment():
        verb(
            "active", "simulate", root / "simulated", "-d", here.number, "--pool", *pools, "--localizer", "none",
            "--budget", settings.budget, "--rounds", settings.rounds, "--epochs", settings.epochs,
            "--most-per-site", 1.0, "--first-trainer", f"{FIRST}_{settings.first_epochs}epochs", "-c", CONFIGURATION,
            "-p", PLANS, "-device", options.device, "--strategies", *options.strategies, "--seeds", *options.seeds,
        )  # fmt: skip
    print(f"{(time.monotonic() - begun) / 60:.1f} minutes in all")


if __name__ == "__main__":
    main()
