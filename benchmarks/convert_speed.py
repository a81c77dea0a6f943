"""How long `nnunet_ext convert` takes beside bare nibabel, with one process and with two, and how much memory.

Run: python benchmarks/convert_speed.py [-- OPTIONS OF CONVERT]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np

from nnunet_ext.phantom.dataset import write_phantom
from nnunet_ext.phantom.site import SITES

DRAWN = 5  # patients; the others are these under other names
LARGE = replace(SITES[0], name="large", code="large", matrix=((24, 24), (256, 256), (256, 256)))
# A small process in between: a child counts the memory of the one that starts it as its own.
MEASURE = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)
LAS = nib.orientations.axcodes2ornt(("L", "A", "S"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="cases")
    parser.add_argument("--rounds", type=int, default=3, help="of all three, one after the other; the best counts")
    parser.add_argument("more", nargs="*", help="further options of convert, after --")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        bids = Path(folder) / "bids"
        cases = make_cases(bids, Path(folder) / "drawn", options.count)
        ways: dict[str, Callable[[Path], float]] = {
            "bare nibabel": lambda out: bare_nibabel(cases, out),
            "convert, 1 process": lambda out: convert([str(bids), *options.more, "--n-procs", "1"], out, options.count),
            "convert, 2 processes": lambda out: convert(
                [str(bids), *options.more, "--n-procs", "2"], out, options.count
            ),
        }
        results: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, work in ways.items():
                results[name].append(timed(work, Path(folder)))
    print(f"{options.count} cases of 256 x 256 x 24, {options.rounds} rounds, {os.cpu_count()} cores, load {load:.1f}")
    for name, times in results.items():
        shown = ", ".join(f"{spent:.2f} s ({peak:.0f} MiB)" if peak else f"{spent:.2f} s" for spent, peak in times)
        print(f"{name:22}{shown}")
    bare, one, two = (min(spent for spent, _ in times) for times in results.values())
    print(f"best of each: convert takes {one / bare:.2f} times as long as bare nibabel,")
    print(f"and is {one / two:.2f} times as fast with two processes as with one")


def make_cases(bids: Path, drawn: Path, count: int) -> list[list[Path]]:
    """Draw a few patients and link their files under many names; each case is an image and its two masks."""
    write_phantom(drawn, sites=[LARGE], patients_per_site=min(DRAWN, count), seed=1)
    subjects = sorted(path.name for path in drawn.glob("sub-*"))
    cases: list[list[Path]] = [[] for _ in range(count)]
    for number, case in enumerate(cases):
        old = subjects[number % len(subjects)]
        images, masks = drawn.glob(f"{old}/**/*.nii.gz"), drawn.glob(f"derivatives/**/{old}_*.nii.gz")
        for path in (*images, *sorted(masks)):
            new = bids / str(path.relative_to(drawn)).replace(old, f"sub-{number:04d}")
            new.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, new)
            case.append(new)
    return cases


def timed(work: Callable[[Path], float], folder: Path) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(dir=folder) as out:
        begun = time.perf_counter()
        peak = work(Path(out))
        return time.perf_counter() - begun, peak


def bare_nibabel(cases: list[list[Path]], out: Path) -> float:
    """Read three files of each case, turn them and write two, checking nothing; its memory is not measured."""
    for number, (image, *masks) in enumerate(cases):
        fused: np.ndarray | None = None
        for path in masks:
            mask, affine = turned(path)
            fused = mask if fused is None else np.maximum(fused, 2 * mask)
        nib.Nifti1Image(fused, affine).to_filename(out / f"{number}_label.nii.gz")
        data, affine = turned(image)
        nib.Nifti1Image(data, affine).to_filename(out / f"{number}_image.nii.gz")
    return 0.0


def turned(path: Path) -> tuple[np.ndarray, np.ndarray]:
    image = nib.Nifti1Image.from_filename(path)
    data = np.asanyarray(image.dataobj)
    back = nib.orientations.ornt_transform(nib.io_orientation(image.affine), LAS)
    turned_image = nib.Nifti1Image(data, image.affine).as_reoriented(back)
    return np.asanyarray(turned_image.dataobj), turned_image.affine


def convert(arguments: list[str], out: Path, count: int) -> float:
    """Convert as a user does, and say how many MiB the largest process held."""
    verb = [sys.executable, "-m", "nnunet_ext.cli.main", "convert", "-d", "1", "-n", "Speed", *arguments]
    command = [sys.executable, "-c", MEASURE, *verb]
    environment = {**os.environ, "nnUNet_raw": str(out)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    written = len(list(out.glob("*/images*/*.nii.gz")))
    if done.returncode or written != count:
        raise RuntimeError(f"{written} of {count} cases were converted: {done.stderr}")
    return int(done.stdout.split()[-1]) / (1024 if sys.platform != "darwin" else 1024**2)


if __name__ == "__main__":
    main()
