"""What injected lesions gain where few labelled ones are at hand: on held-out synthetic patients, three seeds.

For each seed a dataset of its own is made: a few patients with lesions (injuries and plaques), some healthy ones whose
cord is masked and known to hold no lesion, and held-out patients of both kinds. One and the same plans, patches and
number of steps; the two trainers differ in nothing but `inject_lesion_probability`: half of the patches that show a
cord without lesions, or none. Seeds change patients, first weights and patches at once: what is compared is seed by
seed. Phantom and injection share how lesions are drawn, and neither their brightness nor how they are blurred: the gain
here is an upper limit of what real images would show.

Run: taskset -c 0 python benchmarks/injection_gain.py --root DIR [--resume]

About an hour and a quarter on one core. With --resume the finished runs in DIR are taken as they are.
"""

import argparse
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from reach_trainers import reach_trainers
from trainer_gain import LEARNING_RATE, claim, means, spread

from nnunet_ext.cli.demo.nnunet_process import NnunetProcess
from nnunet_ext.cli.demo.small_plan import add_small_configuration
from nnunet_ext.cli.demo.workspace import CONFIGURATION, PLANS
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.raw_dataset import FILE_ENDING, RawDataset
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.cases_table import read_cases
from nnunet_ext.dataset_conversion.plan import PlanOptions, make_plan
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.selection import Selection
from nnunet_ext.dataset_conversion.source import Source
from nnunet_ext.dataset_conversion.write import write_dataset
from nnunet_ext.evaluation.case import RegionMetrics, evaluate_case
from nnunet_ext.evaluation.preset import SCISEG2
from nnunet_ext.evaluation.summary import OVERALL_SITE
from nnunet_ext.evaluation.write_scores import metrics_table, tsv, write_scores
from nnunet_ext.phantom.dataset import write_phantom
from nnunet_ext.phantom.lesions import Pathology
from nnunet_ext.phantom.site import find_sites
from nnunet_ext.trainers.settings import SEED_VARIABLE

TRAINERS = {"without": "nnUNetTrainerSCINotInjected", "with": "nnUNetTrainerSCIInjected"}
FIRST_NUMBER = 610
SITE = "axial-ms"  # small images, thick slices: the hardest to find a lesion in, and the quickest to train on


@dataclass(frozen=True)
class Settings:
    """What a run's figures depend on besides its trainer and seed."""

    diseased: int
    healthy: int
    held_out_diseased: int
    held_out_healthy: int
    epochs: int
    iterations: int


class Bench:
    """The patients of one seed, and what is done with them."""

    def __init__(self, root: Path, settings: Settings, seed: int, device: str) -> None:
        self.root, self.settings, self.seed = root / f"seed{seed}", settings, seed
        self.device = device
        self.nnunet = self.root / "nnunet"
        self.process = NnunetProcess(self.nnunet, self.root / "nnunet.log", n_procs=1)
        self.target = load_target("cord-lesion")
        self.number = FIRST_NUMBER + seed
        self.raw = RawDataset.named(self.nnunet / "raw", self.number, f"FewLesions{seed}")

    def nnunet_command(self, name: str, *arguments: object) -> None:
        self.process.run(name, [str(argument) for argument in arguments], lambda _: None)

    def prepare(self) -> None:
        """Make patients, dataset and plans."""
        done = self.root / "prepared.json"
        if done.exists():
            return
        shutil.rmtree(self.nnunet, ignore_errors=True)
        self._convert(self._make_patients())
        steps = ("-c", "3d_fullres", "-np", 1, "-npfp", 1)
        self.nnunet_command("nnUNetv2_plan_and_preprocess", "-d", self.number, *steps)
        plans = self.nnunet / "preprocessed" / self.raw.folder.name / f"{PLANS}.json"
        of_trainer = {
            "iterations_per_epoch": self.settings.iterations,
            "validation_iterations_per_epoch": 1,
            "save_every": self.settings.epochs,
            "adamw_learning_rate": LEARNING_RATE,
            "cpu_bf16": True,
        }
        add_small_configuration(plans, of_trainer)
        write_json(done, {split: len(self._cases(split)) for split in ("train", "test")})

    def _make_patients(self) -> Path:
        """Write two sites that differ in their patients alone."""
        [site] = find_sites([SITE])
        sick = ((Pathology.SCI, 0.5), (Pathology.MS, 0.5))
        kinds = {"dis": sick, "hea": ((Pathology.HEALTHY, 1.0),)}
        sites = [replace(site, name=code, code=code, pathologies=kind) for code, kind in kinds.items()]
        bids = self.root / "bids" / "phantom"
        both = zip(sites, self._counts(), strict=True)
        for one, (train, test) in both:
            write_phantom(self.root / "bids" / one.code, sites=[one], patients_per_site=train + test, seed=self.seed)
        return bids.parent

    def _counts(self) -> list[tuple[int, int]]:
        of = self.settings
        return [(of.diseased, of.held_out_diseased), (of.healthy, of.held_out_healthy)]

    def _convert(self, bids: Path) -> None:
        split: dict[str, set[str]] = {"train": set(), "test": set()}
        for code, (train, test) in zip(("dis", "hea"), self._counts(), strict=True):
            names = [f"sub-{code}{number:03d}" for number in range(1, train + test + 1)]
            split["train"] |= set(names[:train])
            split["test"] |= set(names[train:])
        chosen = {name: frozenset(patients) for name, patients in split.items()}
        options = PlanOptions(seed=self.seed, selection=Selection(split=chosen))
        sources = [Source(code, bids / code) for code in ("dis", "hea")]
        write_dataset(self.raw, make_plan(sources, load_profile("auto"), self.target, options))
        training = [row["case"] for row in self._cases("train")]
        # nnU-Net wants a validation case, on which nothing here depends: the smallest healthy one.
        healthy = [case for case in training if case.startswith("hea")]
        kept = min(healthy, key=lambda case: self.raw.image(case, "train").stat().st_size)
        self.raw.write_splits([{"train": [case for case in training if case != kept], "val": [kept]}])

    def _cases(self, split: str) -> list[dict[str, str]]:
        rows = read_cases(self.raw.folder)
        return [row for row in rows if row["status"] == "include" and row["split"] == split]

    def do(self, arm: str) -> pd.DataFrame:
        """Train, predict and score, unless that was done before; give the run's means."""
        folder = self.root / "runs" / arm
        result = folder / "result.tsv"
        if not result.exists():
            shutil.rmtree(folder, ignore_errors=True)
            begun = time.monotonic()
            trainer = f"{TRAINERS[arm]}_{self.settings.epochs}epochs"
            os.environ[SEED_VARIABLE] = str(self.seed)
            model = (CONFIGURATION, "-tr", trainer, "-p", PLANS)
            self.nnunet_command("nnUNetv2_train", self.number, model[0], 0, *model[1:], "-device", self.device)
            trained = time.monotonic()
            images, out = self.raw.folder / "imagesTs", folder / "predictions"
            how = ("-device", self.device, "--disable_tta", "-npp", 0, "-nps", 0)
            given = ("-d", self.number, "-c", *model, "-f", 0)
            self.nnunet_command("nnUNetv2_predict", "-i", images, "-o", out, *given, *how)
            means_of_run = self._score(folder).assign(arm=arm, seed=self.seed)
            spent = {"train_s": trained - begun, "predict_s": time.monotonic() - trained}
            write_text(result, tsv(means_of_run.assign(**spent)))
        return pd.read_csv(result, sep="\t", na_values="n/a")

    def _score(self, folder: Path) -> pd.DataFrame:
        regions = dict(self.target.regions)
        rows: list[RegionMetrics] = []
        for case in self._cases("test"):
            reference = read_mask(self.raw.label(case["case"], "test"))
            prediction = read_mask(folder / "predictions" / f"{case['case']}{FILE_ENDING}")
            volume = reference.voxel_volume_mm3
            name, site = case["case"], case["site"]
            rows += evaluate_case(reference.data, prediction.data, volume, regions, case=name, site=site)
        write_scores(folder / "evaluation", rows, regions, SCISEG2)
        return means(metrics_table(rows))


def show(results: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Print the means of both arms over all held-out patients, and their difference seed by seed."""
    together = pd.concat(results, ignore_index=True)
    overall = together[together["site"] == OVERALL_SITE]
    of_arm = {
        arm: overall[overall["arm"] == arm].pivot(index="metric", columns="seed", values="value") for arm in TRAINERS
    }
    difference = of_arm["with"] - of_arm["without"]
    columns = {arm: spread(values) for arm, values in of_arm.items()} | {"with - without": spread(difference)}
    each = {f"seed {seed}": difference[seed].map("{:+.3f}".format) for seed in difference.columns}
    shown = pd.DataFrame(columns | each)
    print(f"\nmean ± standard deviation over seeds, all held-out patients\n{shown.to_string()}")
    return together


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--root", type=Path, required=True, help="folder of every product")
    add("--resume", action="store_true", help="go on in it; finished runs are kept")
    add(
        "--seeds",
        nargs="+",
        type=int,
        default=[1, 2, 3],
        help="of datasets, trained on with and without (1 2 3)",
    )
    add("-device", "--device", default="cpu", help="(cpu)")
    add("--diseased", type=int, default=3, help="training patients with labelled lesions (3)")
    add("--healthy", type=int, default=12, help="training patients with a cord mask and no lesion (12)")
    add("--held-out-diseased", type=int, default=14, help="held-out patients with lesions (14)")
    add("--held-out-healthy", type=int, default=6, help="held-out patients without (6)")
    add("--epochs", type=int, default=9, help="of each training (9)")
    add("--iterations", type=int, default=50, help="steps of each epoch (50)")
    options = parser.parse_args()
    settings = Settings(**{name: vars(options)[name] for name in Settings.__dataclass_fields__})
    root = options.root.resolve()
    claim(root, settings, resume=options.resume)
    reach_trainers()
    print(f"nnU-Net {version('nnunetv2')}, torch {version('torch')}; {settings}", flush=True)
    results = []
    for seed in options.seeds:
        bench = Bench(root, settings, seed, options.device)
        bench.prepare()
        for arm in TRAINERS:
            found = bench.do(arm)
            results.append(found)
            overall = found[found["site"] == OVERALL_SITE].set_index("metric")["value"]
            figures = ", ".join(f"{metric} {value:.3f}" for metric, value in overall.items())
            seconds = f"trained in {found['train_s'][0]:.0f} s, predicted in {found['predict_s'][0]:.0f} s"
            print(f"seed {seed}, {arm}: {seconds}; {figures}", flush=True)
    write_text(root / "injection_gain.tsv", tsv(show(results)))


if __name__ == "__main__":
    main()
