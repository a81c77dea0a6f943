"""Time and memory of one prediction, process start included."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from judge.bench import CORD, LOCALIZER, Bench, CommandError, read_prediction
from judge.cord_parts import Figures
from nnunet_ext.core.nifti_write import write_image

IMAGE = "t2_full_fov"
THREADS = 2
ROUNDS = 2
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
GIB = 1 << 30


def speed(bench: Bench) -> Figures | None:
    """Predict the whole sagittal field of view with two threads, twice; the faster one counts.

    What is not spent from reading the image to writing its mask is import of the libraries and loading of the models;
    a prediction of an image of noise of 16 voxels a side, which takes no time of its own, is measured beside it.
    """
    image = bench.real / f"{IMAGE}.nii.gz"
    if not image.is_file() or not bench.has(CORD):
        return None
    tiny = bench.root / "tiny.nii.gz"
    write_image(tiny, np.random.default_rng(1).integers(0, 100, (16, 16, 16)).astype(np.int16), np.eye(4))
    runs = [_measure(bench, image) for _ in range(ROUNDS)]
    seconds, memory, own = min(runs)
    return {
        "seconds": seconds,
        "peak_memory_gib": max(peak for _, peak, _ in runs),
        "import_and_load_seconds": seconds - own,
        "tiny_image_seconds": min(_measure(bench, tiny)[0] for _ in range(ROUNDS)),
        "memory_of_fastest_gib": memory,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def _measure(bench: Bench, image: Path) -> tuple[float, float, float]:
    """Give seconds, peak memory in GiB, and the seconds from reading the image to writing its mask."""
    out = bench.root / "speed"
    shutil.rmtree(out, ignore_errors=True)
    localizer = ["--localizer", bench.models / LOCALIZER] if bench.has(LOCALIZER) else []
    program = [Path(sys.executable).parent / "nnunet_ext", "predict", "-i", image, "-o", out, "--naming", "nnunet"]
    command = [*map(str, [*program, "-m", bench.models / CORD, *localizer, "--device", "cpu"])]
    environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(THREADS))}
    begun = time.monotonic()
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - begun
    if process.returncode:
        raise CommandError(f"exit {process.returncode}: {' '.join(command)}")
    unit = 1 if sys.platform == "darwin" else 1024
    name = image.name.removesuffix(".nii.gz")
    return seconds, usage.ru_maxrss * unit / GIB, read_prediction(out, name).seconds
