"""How long `nnunet_ext evaluate` and `nnunet_ext biomarkers` take for 100 cases of 256 x 256 x 24, and how much memory.

The start of the program and of its processes is counted; memory is that of the largest process.
Run: python benchmarks/measure_speed.py [--count 100] [--n-procs 2]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.volume import Array
from nnunet_ext.phantom.dataset import write_phantom
from nnunet_ext.phantom.site import SITES

DRAWN = 10  # patients; the others are these under other names, each with an error of its own
LARGE = replace(SITES[0], name="large", code="large", matrix=((24, 24), (256, 256), (256, 256)))
MOST_SECONDS, MOST_MIB = 0.5, 1024
# A small process in between: a child counts the memory of the one that starts it as its own.
MEASURE = (
    "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; "
    "print('PEAK', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="cases")
    parser.add_argument("--n-procs", type=int, default=2, help="processes of each verb")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_cases(root, options.count)
        load = os.getloadavg()[0]
        cores = os.cpu_count()
        print(f"{options.count} cases of 256 x 256 x 24, {options.n_procs} processes, {cores} cores, load {load:.1f}")
        verbs = {
            "evaluate": ["reference", "prediction", "-o", "evaluation"],
            "biomarkers": ["--lesion", "lesion", "--cord", "cord", "-o", "biomarkers"],
        }
        for verb, arguments in verbs.items():
            measure(root, verb, [*arguments, "--n-procs", str(options.n_procs)], options.count)


def make_cases(root: Path, count: int) -> None:
    """Draw a few patients; write each case's reference, a prediction that errs, and the reference's two masks."""
    write_phantom(root / "drawn", sites=[LARGE], patients_per_site=min(DRAWN, count), seed=1)
    cords = sorted((root / "drawn" / "derivatives").glob("**/*_label-SC_seg.nii.gz"))
    patients = []
    for file in cords:
        cord = read_mask(file)
        lesion = read_mask(file.with_name(file.name.replace("label-SC", "label-lesion")))
        patients.append((cord, np.where(lesion.data > 0, 2, cord.data).astype(np.uint8)))
    for number in range(count):
        cord, labels = patients[number % len(patients)]
        case = f"sub-{number:04d}_T2w"
        written = {
            f"reference/{case}": labels,
            f"prediction/{case}": erring(labels, number),
            f"cord/{case}_label-SC_seg": (labels > 0).astype(np.uint8),
            f"lesion/{case}_label-lesion_seg": (labels == 2).astype(np.uint8),
        }
        for name, mask in written.items():
            write_mask(root / f"{name}.nii.gz", mask, cord.affine)


def erring(labels: Array, seed: int) -> Array:
    """Move a label map by a voxel, eat into its lesions, and strew specks over the whole image."""
    rng = np.random.default_rng(seed)
    moved = np.roll(labels, 1, axis=int(rng.integers(3)))
    moved[(moved == 2) & ~ndimage.binary_dilation(labels == 2)] = 1
    moved[tuple(rng.integers(0, size, 20) for size in moved.shape)] = 2
    return np.asarray(moved)


def measure(root: Path, verb: str, arguments: list[str], count: int) -> None:
    command = [sys.executable, "-m", "nnunet_ext.cli.main", verb]
    if subprocess.run([*command, "--help"], capture_output=True, check=False).returncode:
        print(f"{verb}: no such verb in this version, not measured")
        return
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *command, *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    seconds = (time.perf_counter() - begun) / count
    if done.returncode:
        raise RuntimeError(f"{verb} ended with {done.returncode}: {done.stderr}")
    peak = int(done.stdout.split("PEAK")[-1]) / (1024 if sys.platform != "darwin" else 1024**2)
    reached = "reached" if seconds <= MOST_SECONDS and peak <= MOST_MIB else "missed"
    print(
        f"{verb:11}{seconds:.3f} s a case, {peak:.0f} MiB in the largest process "
        f"(at most {MOST_SECONDS} s and {MOST_MIB} MiB wanted: {reached})"
    )


if __name__ == "__main__":
    main()
