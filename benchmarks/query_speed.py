"""What it costs to score a pool for a query, beyond predicting it: time, and memory.

Both runs take the same images, models and threads, each in a process of its own whose start is counted: `predict`,
which writes masks, and `score_pool`, which writes a table. They take turns, and the best of all rounds counts: in
processor time, which is what can be compared where anything else runs on the machine; time on the clock stands beside
it. Memory is that of the process at its largest.

Run: python benchmarks/query_speed.py [-m MODEL] [--count 100] [--site sagittal-sci]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.active_learning.scores.models_sha256 import models_sha256
from nnunet_ext.active_learning.scores.score_case import Scorer
from nnunet_ext.active_learning.scores.score_pool import PoolImage, score_pool
from nnunet_ext.cascade.prediction.case_files import Naming, Wanted
from nnunet_ext.cascade.prediction.engines import Engine
from nnunet_ext.cli.predict.bids import InputChoice, bids_cases
from nnunet_ext.cli.predict.choose_models import AskedModels, choose_models
from nnunet_ext.cli.predict.make_job import RunSettings, Segmenters, case_options, make_job
from nnunet_ext.cli.predict.model import channel_names
from nnunet_ext.cli.predict.rules import AskedRules
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import read_table
from nnunet_ext.phantom.dataset import write_phantom
from nnunet_ext.phantom.site import SITES

MOST_SHARE, MOST_GIB = 0.15, 3.0
PREDICT = "import sys; from nnunet_ext.cli.main import main; sys.exit(main())"
# A small process in between: a child counts the memory of the one that starts it as its own.
MEASURE = (
    "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; "
    "used = resource.getrusage(resource.RUSAGE_CHILDREN); "
    "print('USED', used.ru_utime + used.ru_stime, used.ru_maxrss); sys.exit(code)"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-m", "--model", default="cord-lesion", help="folder or name of the model (cord-lesion)")
    parser.add_argument("--localizer", default="", help="folder or name of the localizer (the model's own, if any)")
    parser.add_argument("--count", type=int, default=100, help="images (100)")
    parser.add_argument("--site", choices=[site.name for site in SITES], help="all images from this site (all sites)")
    parser.add_argument("--threads", type=int, default=2, help="of each run (2)")
    parser.add_argument("--rounds", type=int, default=1, help="of both runs; the best counts (1)")
    parser.add_argument("--score", type=Path, help=argparse.SUPPRESS)  # the second run, in its own process
    options = parser.parse_args()
    if options.score is not None:
        score(options.score, options.model, options.localizer)
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        sites = [site for site in SITES if options.site in (None, site.name)]
        write_phantom(root / "pool", sites=sites, patients_per_site=-(-options.count // len(sites)), seed=1)
        keep_first(root / "pool", options.count)
        compare(root, options)


def keep_first(pool: Path, count: int) -> None:
    for file in images_of(pool)[count:]:
        file.unlink()


def images_of(pool: Path) -> list[Path]:
    return sorted(pool.glob("sub-*/**/anat/*.nii.gz"))


@dataclass(frozen=True)
class Used:
    processor: float
    clock: float
    gib: float


def compare(root: Path, options: argparse.Namespace) -> None:
    models = ["-m", options.model, *(["--localizer", options.localizer] if options.localizer else [])]
    plain, scoring = [], []
    for number in range(options.rounds):
        out = str(root / f"predicted-{number}")
        predict = ["predict", "-i", str(root / "pool"), "-o", out, *models, "-device", "cpu"]
        plain.append(measured(["-c", PREDICT, *predict], options.threads))
        (root / "scores.tsv").unlink(missing_ok=True)
        scoring.append(measured([__file__, "--score", str(root), *models], options.threads))
    rows = read_table(root / "scores.tsv")
    passes = ", ".join(sorted({row["passes"] for row in rows}))
    print(f"{len(rows)} phantom images, {options.threads} threads, load {os.getloadavg()[0]:.1f}, passes: {passes}")
    best, other = (min(runs, key=lambda run: run.processor) for runs in (plain, scoring))
    for name, run in (("predict", best), ("score_pool", other)):
        print(
            f"{name:11}{run.processor / len(rows):.2f} s of processor time an image, {run.clock / len(rows):.2f} s on "
            f"the clock, {run.gib:.2f} GiB"
        )
    share = other.processor / best.processor - 1
    print(f"beyond predict {share:+.1%} (at most {MOST_SHARE:.0%}: {'reached' if share <= MOST_SHARE else 'missed'})")
    print(f"memory less than {MOST_GIB} GiB: {'reached' if other.gib < MOST_GIB else 'missed'}")


def measured(command: list[str], threads: int) -> Used:
    """Run Python in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, sys.executable, *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    clock = time.perf_counter() - begun
    if done.returncode:
        raise RuntimeError(f"{command[:4]} ended with {done.returncode}: {done.stderr}")
    processor, peak = done.stdout.split("USED")[-1].split()
    return Used(float(processor), clock, int(peak) / (1024**2 if sys.platform != "darwin" else 1024**3))


def score(root: Path, model: str, localizer: str) -> None:
    (chosen,) = choose_models(AskedModels(model, localizer, (), "checkpoint_final.pth", postprocessing=False))
    options = case_options(chosen, None, AskedRules())
    settings = RunSettings(
        out=root,
        naming=Naming.BIDS,
        wanted=Wanted(),
        continue_prediction=False,
        force=False,
        rules=AskedRules(),
        device="cpu",
        engine=Engine.TORCH,
        mirroring=True,
        step=0.5,
        linked=False,
    )
    job = make_job(chosen, options, settings, Segmenters().of, opinions=True)
    models = [*chosen.models, *([] if chosen.localizer is None else [chosen.localizer])]
    scorer = Scorer(job.segmenter, job.localizer, job.options, models_sha256(models))
    pool = []
    for case in bids_cases(root / "pool", channel_names(chosen.model.dataset_json), InputChoice()):
        file = case.images[0] if case.images else None
        if file is None or case.reason:
            continue
        about = dict.fromkeys(("dataset", "subject", "session", "site", "contrast"), "n/a")
        pool.append(PoolImage({**about, "case": case.name, "image": file.name, "image_sha256": sha256(file)}, case))
    failed = score_pool(pool, lambda _: scorer, root / "scores.tsv")
    if failed:
        raise RuntimeError(f"not scored: {failed}")


if __name__ == "__main__":
    main()
