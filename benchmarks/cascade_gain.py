"""The cord-cropping cascade beside whole images, on synthetic patients with a wide field of view.

One set of patients (155 x 195 x 220 mm, voxels of 1 mm: neck, shoulders, upper thorax), three models with the demo's
small patch and network and the same number of the same steps: `nnUNetTrainerSCI` on whole images,
`nnUNetTrainerCordCrop` on boxes from out-of-fold predictions of a `nnUNetTrainerCordLocalizer`, and nnU-Net's own
sampling, loss, augmentation and mirroring on whole images (`stock_trainer.py`). Then the held-out patients are
predicted in several ways, each a process of its own, start included, one after the other and in several rounds; and
the real full-field image, where it is there.

Run: python benchmarks/cascade_gain.py --root DIR     (finished steps in DIR are kept)
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from reach_trainers import reach_trainers
from stock_trainer import EPOCHS_VARIABLE, nnUNetTrainerStock

from nnunet_ext.cli.demo.nnunet_process import NnunetProcess
from nnunet_ext.cli.demo.small_plan import add_small_configuration
from nnunet_ext.cli.demo.workspace import CONFIGURATION, PLANS
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.environment import nnunet_variables
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.raw_dataset import FILE_ENDING, RawDataset
from nnunet_ext.core.target import load_target
from nnunet_ext.evaluation.case import evaluate_case
from nnunet_ext.evaluation.write_scores import metrics_table
from nnunet_ext.phantom.dataset import write_phantom
from nnunet_ext.phantom.site import SITES
from nnunet_ext.trainers.cord_configuration import CONFIGURATION as CORD

WIDE = replace(
    next(site for site in SITES if site.name == "isotropic"),
    name="wide", code="wide", in_plane_mm=(1.0, 1.0), slice_mm=(1.0, 1.0),
    matrix=((150, 160), (190, 200), (210, 230)), levels=(4.0, 8.0),
)  # fmt: skip
HERE = Path(__file__).resolve().parent
REAL = HERE.parents[1] / "shared" / "data" / "real"
BLOCK = np.s_[180:240, 120:175, :]  # of the real image, which has a manual cord mask
STEP_SECONDS = re.compile(r"([\d.]+) s/step|Epoch time: ([\d.]+) s")


@dataclass(frozen=True)
class Way:
    """One way to predict.

    Parameters
    ----------
    name
        In the table.
    command
        But for input and output.
    """

    name: str
    command: tuple[str, ...]


class Bench:
    """The folder, and what is done in it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.root = options, options.root.resolve()
        self.nnunet = self.root / "nnunet"
        self.process = NnunetProcess(self.nnunet, self.root / "nnunet.log", n_procs=os.cpu_count() or 1)
        self.wide = RawDataset.named(self.nnunet / "raw", 611, "Wide")
        self.boxed = RawDataset.named(self.nnunet / "raw", 612, "Boxed")
        self.sci = f"nnUNetTrainerSCI_{options.epochs}epochs"
        self.crop = f"nnUNetTrainerCordCrop_{options.epochs}epochs"
        self.localizer = f"nnUNetTrainerCordLocalizer_{options.localizer_epochs}epochs"
        self.seconds_file = self.root / "seconds.json"

    @cached_property
    def environment(self) -> dict[str, str]:
        ours = nnunet_variables(self.nnunet, os.environ)
        more = {"nnUNet_compile": "f", "nnUNet_def_n_proc": str(os.cpu_count() or 1)}
        return {**os.environ, **ours, **more, EPOCHS_VARIABLE: str(self.options.epochs)}

    def once(self, name: str, work: Callable[[], None]) -> None:
        done = self.root / "done" / name
        if not done.exists():
            begun = time.monotonic()
            work()
            done.parent.mkdir(parents=True, exist_ok=True)
            done.write_text(f"{time.monotonic() - begun:.1f} s\n", encoding="utf-8")
            print(f"{name}: {time.monotonic() - begun:.0f} s", flush=True)

    def host(self, command: str, *arguments: object) -> None:
        self.process.run(command, [str(one) for one in arguments], lambda _: None)

    def ours(self, *arguments: object) -> None:
        program = [str(Path(sys.executable).parent / "nnunet_ext"), *map(str, arguments)]
        subprocess.run(program, env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def settings(self, epochs: int) -> dict[str, object]:
        return {
            "iterations_per_epoch": self.options.iterations, "validation_iterations_per_epoch": 1,
            "save_every": epochs, "adamw_learning_rate": 2e-3, "cpu_bf16": True, "seed": 1,
        }  # fmt: skip

    def make(self) -> None:
        """Make patients, datasets and models."""
        self.once("patients", self._patients)
        self.once("plans of whole images", lambda: self._plan(611))
        for fold in (0, 1):
            self.once(f"localizer, fold {fold}", lambda fold=fold: self._train(611, CORD, fold, self.localizer))  # type: ignore[misc]
        self.once("boxes", self._box)
        self.once("training on boxes", lambda: self._train(612, CONFIGURATION, "all", self.crop))
        self.once("training on whole images", lambda: self._train(611, CONFIGURATION, "all", self.sci))
        stock = nnUNetTrainerStock.__name__
        self.once("stock training on whole images", lambda: self._train(611, CONFIGURATION, "all", stock))

    def _patients(self) -> None:
        bids = self.root / "bids" / "wide"
        shutil.rmtree(bids, ignore_errors=True)
        write_phantom(bids, sites=[WIDE], patients_per_site=self.options.patients, seed=1, n_procs=2)
        shutil.rmtree(self.wide.folder, ignore_errors=True)
        self.ours("convert", bids, "-d", 611, "-n", "Wide", "--n-procs", 2)
        cases = sorted(file.name.removesuffix(FILE_ENDING) for file in (self.wide.folder / "labelsTr").iterdir())
        half = cases[::2], cases[1::2]
        self.wide.write_splits(
            [{"train": list(half[1]), "val": list(half[0])}, {"train": list(half[0]), "val": list(half[1])}]
        )

    def _plan(self, number: int) -> None:
        self.host("nnUNetv2_plan_and_preprocess", "-d", number, "--no_pp", "-npfp", 2)
        raw = self.wide if number == 611 else self.boxed
        plans = self.nnunet / "preprocessed" / raw.folder.name / f"{PLANS}.json"
        if number == 612:
            self.ours("crop-dataset", "--fix-plans", 612)
        add_small_configuration(plans, self.settings(self.options.epochs))
        content = json.loads(plans.read_text(encoding="utf-8"))
        content["configurations"]["3d_fullres"]["nnunet_ext"] = self.settings(self.options.localizer_epochs)
        write_json(plans, content)
        self.host("nnUNetv2_preprocess", "-d", number, "-c", "3d_fullres", "-np", 2)

    def _train(self, number: int, configuration: str, fold: int | str, trainer: str) -> None:
        seconds: list[float] = []

        def hear(line: str) -> None:
            if found := re.search(r"Epoch time: ([\d.]+) s", line):
                seconds.append(float(found[1]) / self.options.iterations)

        arguments = [number, configuration, fold, "-tr", trainer, "-p", PLANS, "-device", "cpu"]
        if fold == "all":  # whose validation would predict every training case once more
            self._without_validation(arguments, hear)
        else:
            self.process.run("nnUNetv2_train", list(map(str, arguments)), hear)
        known = json.loads(self.seconds_file.read_text()) if self.seconds_file.exists() else {}
        write_json(self.seconds_file, {**known, f"{number} {trainer} fold {fold}": float(np.median(seconds))})

    def _without_validation(self, arguments: Sequence[object], hear: Callable[[str], None]) -> None:
        code = (
            "import sys\n"
            "from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer\n"
            "from nnunetv2.run.run_training import run_training_entry\n"
            "import nnunetv2.run.run_training as running\n"
            "found = running.recursive_find_trainer_class_by_name\n"
            "def quick(name):\n"
            "    trainer = found(name)\n"
            "    trainer.perform_actual_validation = lambda self, save_probabilities=False: None\n"
            "    return trainer\n"
            "running.recursive_find_trainer_class_by_name = quick\n"
            "run_training_entry()\n"
        )
        program = [sys.executable, "-c", code, *map(str, arguments)]
        environment = {**self.environment, "nnUNet_n_proc_DA": "1", "OMP_WAIT_POLICY": "PASSIVE"}
        done = subprocess.run(program, env=environment, check=True, capture_output=True, text=True)
        for line in done.stdout.splitlines():
            hear(line)

    def _box(self) -> None:
        model = self._model(self.wide, self.localizer, CORD)
        self.ours("crop-dataset", 611, "-d", 612, "-n", "Boxed", "--cords", model)
        self._plan(612)

    def _model(self, raw: RawDataset, trainer: str, configuration: str = CONFIGURATION) -> Path:
        return Path(self.nnunet / "results" / raw.folder.name / f"{trainer}__{PLANS}__{configuration}")

    def ways(self) -> list[Way]:
        """List the ways to predict: nnU-Net's own command first."""

        def stock(trainer: str, *more: str) -> tuple[str, ...]:
            return (
                "nnUNetv2_predict",
                "-d",
                "611",
                "-c",
                CONFIGURATION,
                "-tr",
                trainer,
                "-f",
                "all",
                "-device",
                "cpu",
                *more,
            )

        one_by_one = ("-npp", "0", "-nps", "0")
        localizer = ("--localizer", str(self._model(self.wide, self.localizer, CORD)))
        cascade = (
            "nnunet_ext",
            "predict",
            "-m",
            str(self._model(self.boxed, self.crop)),
            *localizer,
            "--device",
            "cpu",
        )
        tiles = ("nnunet_ext", "predict", "-m", str(self._model(self.wide, self.sci)), *localizer, "--device", "cpu")
        named = ("--naming", "nnunet")
        ways = [
            Way("nnUNetv2_predict, stock trainer, its defaults (8 mirrors)", stock(nnUNetTrainerStock.__name__)),
            Way("nnUNetv2_predict, SCI, its defaults (2 mirrors)", stock(self.sci)),
            Way("nnUNetv2_predict, SCI, no mirroring", stock(self.sci, "--disable_tta")),
            Way("nnUNetv2_predict, SCI, no mirroring, one process", stock(self.sci, "--disable_tta", *one_by_one)),
            Way("cascade, 2 mirrors", (*cascade, *named)),
            Way("cascade, no mirroring", (*cascade, *named, "--disable_tta")),
            Way("cascade, no mirroring, OpenVINO", (*cascade, *named, "--disable_tta", "--engine", "openvino")),
            Way("cascade, no mirroring, bf16", (*cascade, *named, "--disable_tta", "--engine", "bf16")),
            Way("SCI on whole images, tiles that meet the box, no mirroring", (*tiles, *named, "--disable_tta")),
        ]
        return [way for way in ways if re.search(self.options.only, way.name)]

    def predict(self, way: Way, images: Path, out: Path) -> float:
        shutil.rmtree(out, ignore_errors=True)
        program = [
            str(Path(sys.executable).parent / way.command[0]),
            *way.command[1:],
            "-i",
            str(images),
            "-o",
            str(out),
        ]
        begun = time.monotonic()
        done = subprocess.run(program, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{way.name}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return time.monotonic() - begun

    def score(self, out: Path) -> dict[str, float]:
        regions = dict(load_target("cord-lesion").regions)
        rows = []
        for label in sorted((self.wide.folder / "labelsTs").glob(f"*{FILE_ENDING}")):
            reference, prediction = read_mask(label), read_mask(out / label.name)
            rows += evaluate_case(
                reference.data, prediction.data, reference.voxel_volume_mm3, regions, case=label.name, site="wide"
            )
        table = metrics_table(rows)
        lesion = table[(table["region"] == "lesion") & (table["ref_count"] > 0)]
        cord = table[table["region"] == "sc"]
        return {
            "cord Dice": cord["dsc"].mean(),
            "lesion Dice": lesion["dsc"].mean(),
            "lesion F1": lesion["lesion_f1"].mean(),
        }

    def real(self) -> None:
        """Predict the real image, and score the cord in the block that has a mask."""
        image, mask = REAL / "t2_full_fov.nii.gz", next(iter(sorted((REAL / "t2_crop").glob("*seg*.nii.gz"))), None)
        if not image.exists() or mask is None:
            print("the real image is not here")
            return
        truth = read_mask(mask).data > 0
        cascade = next(way for way in self.ways() if way.name == "cascade, no mirroring")
        seconds = self.predict(cascade, image, self.root / "real")
        found = read_mask(next((self.root / "real").rglob(f"*{FILE_ENDING}"))).data > 0
        inside = found[BLOCK]
        dice = 2 * np.logical_and(inside, truth).sum() / (inside.sum() + truth.sum())
        print(
            f"\nreal t2_full_fov, {found.shape}: {seconds:.1f} s, cord Dice in the block {dice:.3f}, "
            f"{found.sum()} voxels of cord"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--root", type=Path, required=True, help="folder of every product")
    add("--patients", type=int, default=20, help="of which a fifth is held out (20)")
    add("--epochs", type=int, default=12, help="of each training (12)")
    add("--localizer-epochs", type=int, default=4, help="of the localizer (4)")
    add("--iterations", type=int, default=60, help="steps of each epoch (60)")
    add("--rounds", type=int, default=1, help="of all ways, one after the other; the best of each counts (1)")
    add("--only", default="", help="ways whose name matches this expression")
    options = parser.parse_args()
    reach_trainers()
    bench = Bench(options)
    bench.make()
    images = bench.wide.folder / "imagesTs"
    count = len(list(images.iterdir()))
    versions = f"nnU-Net {version('nnunetv2')}, torch {version('torch')}"
    print(f"{versions}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {count} held-out images")
    seconds: dict[str, list[float]] = {}
    rows: dict[str, dict[str, float]] = {}
    for _ in range(options.rounds):
        for number, way in enumerate(bench.ways()):
            out = bench.root / "predicted" / str(number)
            seconds.setdefault(way.name, []).append(bench.predict(way, images, out))
            rows[way.name] = {"s a case": min(seconds[way.name]) / count, **bench.score(out)}
            print(f"{way.name}: {seconds[way.name][-1]:.1f} s", flush=True)
    print(pd.DataFrame(rows).T.round(3).to_string())
    print("seconds a training step:", bench.seconds_file.read_text())
    bench.real()


if __name__ == "__main__":
    main()
