"""What nnUNetTrainerSCI gains over stock nnUNetTrainer on held-out synthetic patients, in as many of the same steps.

Two nnU-Net datasets are made of the same patients. In `All`, a part of the training patients has no lesion mask: nobody
has looked, and the conversion was told so (`--missing lesion=ignore`). In `Annotated` those patients are left out
(`--missing lesion=skip`). The held-out patients are annotated, and the same in both.

Both are trained on with one and the same plans: spacing, patch, batch size, network. The stock trainer here is
`nnUNetTrainerStock`: nnU-Net's own sampling, loss, augmentation and mirroring; only the number of steps, the optimiser
(AdamW), its falling rate, bfloat16 on the CPU and the seed of the first weights are ours. What is compared is
therefore sampling, loss and augmentation. Every model is trained on all training patients but one, which nnU-Net wants
for a validation that nothing here depends on, and predicts with its last weights, without mirroring.

Patients, masks and held-out patients follow from `--data-seed`; a training's seed settles its first weights, and with
our trainers its patches and augmentation. Means and standard deviations are over the seeds of the training. Up to
version 0.1 two seeds shared three of four batches: the spread that was reported then is too small.

Run: python benchmarks/trainer_gain.py --root DIR [--resume]

With --resume the finished runs in DIR are taken as they are: after a change to a trainer, name a new folder.
"""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from reach_trainers import reach_trainers
from stock_trainer import EPOCHS_VARIABLE, nnUNetTrainerStock

from nnunet_ext.cli.demo.nnunet_process import NnunetProcess
from nnunet_ext.cli.demo.small_plan import add_small_configuration
from nnunet_ext.cli.demo.workspace import CONFIGURATION, PLANS
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.raw_dataset import FILE_ENDING, RawDataset
from nnunet_ext.core.tables import read_table
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.cases_table import read_cases
from nnunet_ext.dataset_conversion.plan import PlanOptions, make_plan
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.selection import Selection
from nnunet_ext.dataset_conversion.source import Source
from nnunet_ext.dataset_conversion.splits import draw_test_patients
from nnunet_ext.dataset_conversion.write import write_dataset
from nnunet_ext.evaluation.case import RegionMetrics, evaluate_case
from nnunet_ext.evaluation.preset import SCISEG2
from nnunet_ext.evaluation.summary import OVERALL_SITE
from nnunet_ext.evaluation.write_scores import metrics_table, tsv, write_scores
from nnunet_ext.phantom.dataset import write_phantom
from nnunet_ext.phantom.site import find_sites
from nnunet_ext.trainers.settings import SEED_VARIABLE

SITES = ("sagittal-sci", "axial-ms", "isotropic")  # one large lesion, several small ones, and all kinds
DATASETS = {"All": (601, "ignore"), "Annotated": (602, "skip")}  # number, and what a missing lesion mask means
STOCK = "nnUNetTrainer"
OURS = "nnUNetTrainerSCI"
LEARNING_RATE = 2e-3


@dataclass(frozen=True)
class Settings:
    """What a run's figures depend on besides its dataset, trainer and seed."""

    patients: int
    test_fraction: float
    unannotated: float
    data_seed: int
    epochs: int
    iterations: int
    patch: tuple[int, int, int] | None


@dataclass(frozen=True)
class Run:
    dataset: str
    trainer: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.dataset}-{self.trainer}-seed{self.seed}"


class Bench:
    """The folder, and what is done in it."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root, self.settings = root, settings
        self.nnunet = root / "nnunet"
        self.process = NnunetProcess(self.nnunet, root / "nnunet.log", n_procs=os.cpu_count() or 1)
        self.target = load_target("cord-lesion")

    def raw(self, dataset: str) -> RawDataset:
        return RawDataset.named(self.nnunet / "raw", DATASETS[dataset][0], dataset)

    def preprocessed(self, dataset: str) -> Path:
        return self.nnunet / "preprocessed" / self.raw(dataset).folder.name

    def nnunet_command(self, name: str, *arguments: object) -> None:
        self.process.run(name, [str(argument) for argument in arguments], lambda _: None)

    def prepare(self) -> None:
        """Make the patients, both datasets, and one set of plans for both."""
        done = self.root / "prepared.json"
        if done.exists():
            return
        bids = self._make_patients()
        for dataset in DATASETS:
            shutil.rmtree(self.raw(dataset).folder, ignore_errors=True)
            self._convert(dataset, bids)
        self._check_held_out()
        everyone, annotated = DATASETS
        number = DATASETS[everyone][0]
        self.nnunet_command("nnUNetv2_plan_and_preprocess", "-d", number, *("-c", "3d_fullres", "-np", 2, "-npfp", 1))
        plans = self.preprocessed(everyone) / f"{PLANS}.json"
        add_small_configuration(plans, self._trainer_settings())
        if self.settings.patch is not None:
            smaller = json.loads(plans.read_text(encoding="utf-8"))
            smaller["configurations"][CONFIGURATION]["patch_size"] = list(self.settings.patch)
            write_json(plans, smaller)
        number = DATASETS[annotated][0]
        self.nnunet_command("nnUNetv2_extract_fingerprint", "-d", number, "-np", 1)
        self.nnunet_command("nnUNetv2_plan_experiment", "-d", number)
        content = {**json.loads(plans.read_text(encoding="utf-8")), "dataset_name": self.raw(annotated).folder.name}
        write_json(self.preprocessed(annotated) / f"{PLANS}.json", content)
        self.nnunet_command("nnUNetv2_preprocess", "-d", number, "-c", "3d_fullres", "-np", 2)
        write_json(done, {dataset: len(self._cases(dataset, "train")) for dataset in DATASETS})

    def _trainer_settings(self) -> dict[str, object]:
        return {
            "iterations_per_epoch": self.settings.iterations,
            "validation_iterations_per_epoch": 1,
            "save_every": self.settings.epochs,
            "adamw_learning_rate": LEARNING_RATE,
            "cpu_bf16": True,
        }

    def _make_patients(self) -> Path:
        """Write the patients, and copy them without the lesion masks of those whom nobody has looked at."""
        whole, bids = self.root / "whole" / "phantom", self.root / "bids" / "phantom"
        seed = self.settings.data_seed
        write_phantom(
            whole,
            sites=find_sites(SITES),
            patients_per_site=self.settings.patients,
            seed=seed,
            n_procs=os.cpu_count() or 1,
        )
        shutil.rmtree(bids, ignore_errors=True)
        shutil.copytree(whole, bids)
        for (patient,) in self._unannotated():
            for file in (bids / "derivatives").glob(f"**/{patient}_*lesion*"):
                file.unlink()
        return bids

    def _site_of(self) -> dict[tuple[str], str]:
        rows = read_table(self.root / "whole" / "phantom" / "participants.tsv")
        return {(row["participant_id"],): row["site"] for row in rows}

    def _held_out(self) -> set[tuple[str]]:
        return draw_test_patients(self._site_of(), self.settings.test_fraction, self.settings.data_seed)

    def _unannotated(self) -> set[tuple[str]]:
        training = {patient: site for patient, site in self._site_of().items() if patient not in self._held_out()}
        return draw_test_patients(training, self.settings.unannotated, self.settings.data_seed + 1)

    def _convert(self, dataset: str, bids: Path) -> None:
        test = frozenset(patient for (patient,) in self._held_out())
        train = frozenset(patient for (patient,) in self._site_of()) - test
        options = PlanOptions(
            seed=self.settings.data_seed,
            selection=Selection(split={"train": train, "test": test}),
            missing={"lesion": DATASETS[dataset][1]},
        )
        plan = make_plan([Source("phantom", bids)], load_profile("auto"), self.target, options)
        raw = self.raw(dataset)
        write_dataset(raw, plan, n_procs=os.cpu_count() or 1)
        training = self._cases(dataset, "train")
        # The smallest annotated one, the same in both datasets.
        annotated = sorted(row["case"] for row in training if row["not_annotated"] == "n/a")
        kept = min(annotated, key=lambda case: raw.image(case, "train").stat().st_size)
        raw.write_splits([{"train": [row["case"] for row in training if row["case"] != kept], "val": [kept]}])

    def _cases(self, dataset: str, split: str) -> list[dict[str, str]]:
        rows = read_cases(self.raw(dataset).folder)
        return [row for row in rows if row["status"] == "include" and row["split"] == split]

    def _check_held_out(self) -> None:
        """Refuse to compare models that would be tested on different patients or references."""
        everyone, annotated = (
            {
                row["case"]: self.raw(dataset).label(row["case"], "test").read_bytes()
                for row in self._cases(dataset, "test")
            }
            for dataset in DATASETS
        )
        if everyone != annotated:
            raise RuntimeError(f"held out are {sorted(everyone)} in one dataset and {sorted(annotated)} in the other")
        if any(row["not_annotated"] != "n/a" for row in self._cases("All", "test")):
            raise RuntimeError("a held-out patient has no lesion mask")

    def do(self, run: Run) -> pd.DataFrame:
        """Train, predict and score, unless that was done before; give the run's means."""
        folder = self.root / "runs" / run.name
        result = folder / "result.tsv"
        if not result.exists():
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(self.nnunet / "results", ignore_errors=True)  # models of different seeds have one name
            begun = time.monotonic()
            trainer = self._train(run)
            trained = time.monotonic()
            self._predict(run, trainer, folder / "predictions")
            predicted = time.monotonic()
            means = self._score(run, folder)
            write_text(result, tsv(means.assign(train_s=trained - begun, predict_s=predicted - trained)))
        return pd.read_csv(result, sep="\t", na_values="n/a")

    def _train(self, run: Run) -> str:
        trainer = run.trainer
        if trainer == STOCK:
            trainer = nnUNetTrainerStock.__name__
            os.environ[EPOCHS_VARIABLE] = str(self.settings.epochs)
        elif not trainer.endswith("epochs"):
            trainer = f"{trainer}_{self.settings.epochs}epochs"
        os.environ[SEED_VARIABLE] = str(run.seed)
        number = DATASETS[run.dataset][0]
        self.nnunet_command("nnUNetv2_train", number, CONFIGURATION, 0, "-tr", trainer, "-p", PLANS, "-device", "cpu")
        return trainer

    def _predict(self, run: Run, trainer: str, out: Path) -> None:
        model = ("-d", DATASETS[run.dataset][0], "-c", CONFIGURATION, "-p", PLANS, "-tr", trainer, "-f", 0)
        images = self.raw(run.dataset).folder / "imagesTs"
        how = ("-device", "cpu", "--disable_tta", "-npp", 0, "-nps", 0)
        self.nnunet_command("nnUNetv2_predict", "-i", images, "-o", out, *model, *how)

    def _score(self, run: Run, folder: Path) -> pd.DataFrame:
        regions = dict(self.target.regions)
        rows: list[RegionMetrics] = []
        for case in self._cases(run.dataset, "test"):
            reference = read_mask(self.raw(run.dataset).label(case["case"], "test"))
            prediction = read_mask(folder / "predictions" / f"{case['case']}{FILE_ENDING}")
            volume = reference.voxel_volume_mm3
            name, site = case["case"], case["site"]
            rows += evaluate_case(reference.data, prediction.data, volume, regions, case=name, site=site)
        write_scores(folder / "evaluation", rows, regions, SCISEG2)
        return means(metrics_table(rows)).assign(dataset=run.dataset, trainer=run.trainer, seed=run.seed)


def means(metrics: pd.DataFrame) -> pd.DataFrame:
    """Give each metric's mean over the held-out patients, of each site and of all; `n` patients are behind it."""
    rows = []
    for site in (*sorted(metrics["site"].unique()), OVERALL_SITE):
        here = metrics[(metrics["site"] == site) | (site == OVERALL_SITE)]
        lesion, cord = here[here["region"] == "lesion"], here[here["region"] == "sc"]
        diseased, healthy = lesion[lesion["ref_count"] > 0], lesion[lesion["ref_count"] == 0]
        columns = {
            "lesion F1": diseased["lesion_f1"],
            "lesion Dice": diseased["dsc"],
            "lesion sensitivity": diseased["lesion_sensitivity"],
            "lesion PPV": diseased["lesion_ppv"],
            "lesion-free kept clean": (healthy["pred_count"] == 0).astype("Float64"),
            "cord Dice": cord["dsc"],
        }
        rows += [(metric, site, len(values), values.mean()) for metric, values in columns.items() if len(values)]
    return pd.DataFrame(rows, columns=["metric", "site", "n", "value"])


def spread(values: pd.DataFrame) -> pd.Series:
    """Write mean and standard deviation over the columns, which are seeds."""
    mean, sd = values.mean(axis=1).round(3) + 0.0, values.std(axis=1, ddof=1)  # + 0.0: no minus before a zero
    return mean.map("{:.3f}".format) + (sd.map(" ± {:.3f}".format) if values.shape[1] > 1 else "")


def show(results: pd.DataFrame, trainers: Sequence[str]) -> None:
    """Print the means of each trainer and dataset, then the differences seed by seed."""
    order = list(dict.fromkeys(zip(results["metric"], results["site"], results["n"], strict=True)))
    index = pd.MultiIndex.from_tuples(order, names=["metric", "site", "patients"])
    table = results.pivot(index=["metric", "site", "n"], columns=["dataset", "trainer", "seed"], values="value")
    table.index = table.index.set_names(index.names)
    table = table.reindex(index)
    for dataset in dict.fromkeys(results["dataset"]):
        of_dataset = table[dataset]
        shown = pd.DataFrame({trainer: spread(of_dataset[trainer]) for trainer in trainers})
        for trainer in trainers:
            if trainer != STOCK and STOCK in trainers:
                shown[f"{trainer} - stock"] = spread(of_dataset[trainer] - of_dataset[STOCK])
        print(f"\n{dataset}: mean ± standard deviation over seeds\n{shown.to_string()}")
    if set(results["dataset"]) == set(DATASETS):
        gain = {trainer: spread(table["All"][trainer] - table["Annotated"][trainer]) for trainer in trainers}
        print(f"\nAll - Annotated, seed by seed\n{pd.DataFrame(gain).to_string()}")


def claim(root: Path, settings: object, *, resume: bool) -> None:
    record = root / "settings.json"
    wanted = json.loads(json.dumps(vars(settings)))  # as it was written: tuples are lists there
    if root.exists() and any(root.iterdir()):
        found = json.loads(record.read_text(encoding="utf-8")) if record.exists() else None
        if not resume or found != wanted:
            sys.exit(f"{root}: an empty folder was needed, or --resume and the settings {wanted}; found {found}")
    write_json(record, wanted)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--root", type=Path, required=True, help="folder of every product")
    add("--resume", action="store_true", help="go on in it; finished runs are kept")
    add("--seeds", type=int, default=3, help="trainings of each kind (3)")
    add("--epochs", type=int, default=10, help="of each training (10)")
    add("--iterations", type=int, default=50, help="steps of each epoch (50)")
    add("--patch", type=int, nargs=3, help="voxels of a patch, multiples of 8; by default those of the demo")
    add("--patients", type=int, default=20, help="of each site (20)")
    add("--test-fraction", type=float, default=0.3, help="of each site's patients (0.3)")
    add("--unannotated", type=float, default=0.33, help="share of training patients without lesion mask (0.33)")
    add("--data-seed", type=int, default=1, help="of the patients and of who is held out (1)")
    add("--datasets", nargs="+", choices=list(DATASETS), default=list(DATASETS))
    add("--trainers", nargs="+", default=[STOCK, OURS], help="ours get the number of epochs by their name's end")
    add("--trainer-variant", action="append", default=[], metavar="NAME", help="of ours or ablations.py")
    options = parser.parse_args()
    given = {name: value for name, value in vars(options).items() if name in Settings.__dataclass_fields__}
    given["patch"] = tuple(options.patch) if options.patch else None
    root, settings = options.root.resolve(), Settings(**given)
    claim(root, settings, resume=options.resume)
    reach_trainers()
    bench, trainers = Bench(root, settings), [*options.trainers, *options.trainer_variant]
    bench.prepare()
    sizes = json.loads((root / "prepared.json").read_text(encoding="utf-8"))
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"nnU-Net {version('nnunetv2')}, torch {version('torch')}, {machine}")
    print(f"{settings}; training patients: {sizes}; AdamW, rate {LEARNING_RATE}, falling; no mirroring in prediction")
    seeds = range(1, options.seeds + 1)
    runs = [Run(dataset, trainer, seed) for seed in seeds for dataset in options.datasets for trainer in trainers]
    results = []
    for number, run in enumerate(runs, start=1):
        found = bench.do(run)
        results.append(found)
        overall = found[found["site"] == OVERALL_SITE].set_index("metric")["value"]
        figures = ", ".join(f"{metric} {value:.3f}" for metric, value in overall.items())
        seconds = f"trained in {found['train_s'][0]:.0f} s, predicted in {found['predict_s'][0]:.0f} s"
        print(f"[{number}/{len(runs)}] {run.name}: {seconds}; {figures}", flush=True)
    together = pd.concat(results, ignore_index=True)
    write_text(root / "gain.tsv", tsv(together))
    show(together, trainers)


if __name__ == "__main__":
    main()
