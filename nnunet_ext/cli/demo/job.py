"""The demo's steps, put together from the libraries."""

import hashlib
import os
import platform
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Final

import pandas as pd

from nnunet_ext.cli.best_device import best_device
from nnunet_ext.cli.demo.console import Console
from nnunet_ext.cli.demo.figures import headlines
from nnunet_ext.cli.demo.memory import PeakMemory, peak_memory
from nnunet_ext.cli.demo.nnunet_process import NnunetProcess, training_progress
from nnunet_ext.cli.demo.page import write_page
from nnunet_ext.cli.demo.product import Product
from nnunet_ext.cli.demo.single_image import SingleImage, check_images
from nnunet_ext.cli.demo.small_plan import add_small_configuration
from nnunet_ext.cli.demo.steps import Step, Tell, run_steps
from nnunet_ext.cli.demo.workspace import CONFIGURATION, DATASET_NUMBER, PLANS, Workspace
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.environment import require_torchvision
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.output_place import OutputPlace
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.plan import PlanOptions, make_plan
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.source import Source, name_sources
from nnunet_ext.dataset_conversion.write import write_dataset
from nnunet_ext.evaluation.write_scores import METRICS_FILES, typed
from nnunet_ext.phantom.dataset import write_phantom
from nnunet_ext.phantom.site import find_sites
from nnunet_ext.report.review.write_report import GROUP_PAGE

SITES: Final = ("sagittal-sci", "axial-ms", "isotropic")
TEST_FRACTION: Final = 0.25
TARGET: Final = "cord-lesion"
PHANTOM: Final = "phantom"


@dataclass(frozen=True)
class Demo:
    """The whole job: each field is the argument of its name; patients are those of each site."""

    out: Path
    bids: tuple[str, ...]
    images: tuple[Path, ...]
    patients: int
    epochs: int
    iterations: int
    device: str
    n_procs: int
    seed: int

    def run(self) -> int:
        """Run what is not yet done, and answer 3 where an image named on the command line was refused."""
        if min(self.patients, self.epochs, self.iterations) < 1:
            raise UsageError("--patients, --epochs and --iterations need 1 or more")
        work = Workspace(self.out)
        # Named together with the synthetic one, so that a folder called `phantom` is told apart from it.
        synthetic, *sources = name_sources([f"{PHANTOM}={work.phantom}", *self.bids])
        images = check_images(self.images)
        for source in sources:
            if self.out.is_relative_to(source.root):
                raise UsageError(
                    f"{self.out}: would be written inside its own source {source.root}; choose another OUT"
                )
            if not source.root.is_dir():
                raise DataRefusedError(f"--bids {source.root}: a BIDS folder was needed and there is no such folder")
        require_torchvision()
        place = OutputPlace(work.root, "demo", "Spinal cord and lesion segmentation", settings={})
        place.begin(())
        print(f"Everything goes to {work.root}; interrupted, the same command goes on.")
        for image in images:
            if image.refused:
                print(f"--image {image.file.name}: refused: {image.refused}")
        device = best_device() if self.device == "auto" else self.device
        job = _Job(self, work, [synthetic, *sources], images, device)
        steps = job.steps()
        with peak_memory() as memory:
            seconds = run_steps(steps, work.root / ".steps", Console([step.expected_seconds for step in steps]))
            job.finish(place, seconds, memory)
        if any(image.refused for image in images):
            raise DataRefusedError("the job is done, but not for every image; see the report for those refused")
        return 0


@dataclass(frozen=True)
class _Job:
    """The steps, and what they share."""

    demo: Demo
    work: Workspace
    sources: Sequence[Source]
    images: Sequence[SingleImage]
    device: str

    @property
    def trainer(self) -> str:
        """Name the trainer's variant with this number of epochs."""
        return f"nnUNetTrainerSCI_{self.demo.epochs}epochs"

    @property
    def process(self) -> NnunetProcess:
        """Say how nnU-Net's commands are started here."""
        return NnunetProcess(self.work.nnunet, self.work.root / "demo.log", self.demo.n_procs)

    @property
    def product(self) -> Product:
        """Give our own verbs, on the model that is trained here."""
        return Product(self.work, self.process, self.work.fold(self.trainer).parent, self.device)

    def steps(self) -> list[Step]:
        """List the steps; the seconds were measured on two cores, and only their shares matter."""
        demo, work = self.demo, self.work
        # The synthetic source is settled by the step before.
        sources = [[source.name, str(source.root), _contents(source.root)] for source in self.sources[1:]]
        images = [[image.case, str(image.file), image.file.stat().st_size] for image in self.images]
        training = [demo.epochs, demo.iterations, self.device, demo.seed]
        return [
            Step("phantom", "make synthetic patients", 6, [SITES, demo.patients, demo.seed], self._make_patients,
                 _remover(work.phantom)),
            Step("convert", "convert to nnU-Net's format", 3, sources, self._convert,
                 _remover(work.dataset.folder, work.preprocessed, work.results)),
            Step("plan", "plan and preprocess", 16, [], self._plan, _remover(work.preprocessed, work.results)),
            Step("train", "train", 330, training, self._train, _remover(work.results)),
            Step("predict", "predict the held-out patients", 50, images, self._predict,
                 partial(set_aside, [work.predictions, work.images, work.to_predict])),
        ]  # fmt: skip

    def _make_patients(self, tell: Tell) -> None:
        demo = self.demo
        write_phantom(
            self.work.phantom,
            sites=find_sites(SITES),
            patients_per_site=demo.patients,
            seed=demo.seed,
            n_procs=demo.n_procs,
            progress=lambda done, total: tell(done / total, f"{done} of {total}"),
        )

    def _convert(self, tell: Tell) -> None:
        plan = make_plan(
            self.sources,
            load_profile("auto"),
            load_target(TARGET),
            PlanOptions(test_fraction=TEST_FRACTION, seed=self.demo.seed),
        )
        write_dataset(
            self.work.dataset,
            plan,
            n_procs=self.demo.n_procs,
            progress=lambda done, total: tell(done / total, f"{done} of {total} images"),
        )

    def _plan(self, tell: Tell) -> None:
        workers = str(self.demo.n_procs)
        arguments = ["-d", str(DATASET_NUMBER), "-c", "3d_fullres", "-np", workers, "-npfp", "1", "--clean"]
        self.process.run("nnUNetv2_plan_and_preprocess", arguments, lambda _: tell(0.0, ""))

    def _train(self, tell: Tell) -> None:
        settings = {
            "iterations_per_epoch": self.demo.iterations,
            "validation_iterations_per_epoch": max(1, self.demo.iterations // 12),
            "save_every": 1,
            "progress_seconds": 2.0,
            "adamw_learning_rate": 2e-3,
            "cpu_bf16": True,
            "seed": self.demo.seed,
        }
        add_small_configuration(self.work.preprocessed / f"{PLANS}.json", settings)

        def hear(line: str) -> None:
            progress = training_progress(line)
            if progress is not None:
                tell(0.95 * progress[0], progress[1])
            elif line.startswith("predicting"):
                tell(0.95, "validation")

        arguments = [str(DATASET_NUMBER), CONFIGURATION, "0", "-tr", self.trainer, "-p", PLANS, "-device", self.device]
        if any(self.work.fold(self.trainer).glob("checkpoint_*.pth")):
            arguments.append("--c")
        self.process.run("nnUNetv2_train", arguments, hear)

    def _predict(self, tell: Tell) -> None:
        tell(0.0, "")
        for image in self.images:
            if not image.refused:
                image.copy_to(self.work.to_predict)
        self.product.predict()

    def finish(self, place: OutputPlace, seconds: dict[str, float], peak: PeakMemory) -> None:
        """Score, measure, write the report, and print the figures as they were measured."""
        begun = time.monotonic()
        self.product.evaluate()
        facts = {
            "nnU-Net": version("nnunetv2"),
            "PyTorch": version("torch"),
            "Python": platform.python_version(),
            "device": f"{self.device}, {os.cpu_count()} cores",
            "trainer": self.trainer,
            "seed": str(self.demo.seed),
            **{f"seconds: {name}": f"{value:.0f}" for name, value in seconds.items()},
        }
        write_page(place, self.work, self.trainer, self.images, facts)
        metrics = typed(pd.read_csv(self.work.evaluation / METRICS_FILES[0], sep="\t", keep_default_na=True))
        so_far = sum(seconds.values()) + time.monotonic() - begun
        measured = headlines(metrics, f"{PHANTOM}_", so_far, peak.bytes_seen)
        figures = {entry.label: entry.value for entry in measured}
        write_json(self.work.root / "demo.json", {"figures": figures, "facts": facts})
        for entry in measured:
            print(f"  {entry.in_words()}")
        print(f"Report: {self.work.root / GROUP_PAGE}")


def _remover(*folders: Path) -> Callable[[], None]:
    def remove() -> None:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)

    return remove


def set_aside(folders: Sequence[Path]) -> None:
    """Give folders of predictions of other settings another name: somebody may have corrected what is in them."""
    for folder in folders:
        if folder.is_dir():
            free = (folder.with_name(f"{folder.name}.before-{number}") for number in count(1))
            folder.rename(next(name for name in free if not name.exists()))


def _contents(root: Path) -> str:
    """Sum up a source's files, so that a label mended between two runs is converted again."""
    digest = hashlib.sha256()
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))  # not into .git and its annex
        for name in sorted(names):
            found = (Path(folder) / name).lstat()
            digest.update(f"{folder}/{name} {found.st_size} {found.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
