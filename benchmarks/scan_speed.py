"""How long a scan of a real tree's names takes beside a bare walk of it, and how much memory.

Run it with the list of file names: python benchmarks/scan_speed.py spine_generic_multi_subject.txt.gz
"""

import argparse
import gzip
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.plan import PlanOptions, make_plan
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.source import Source
from nnunet_ext.dataset_conversion.walk import find_labels, walk_images

ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", type=Path, help="file names, one a line, gzipped")
    names = gzip.decompress(parser.parse_args().names.read_bytes()).decode().splitlines()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "tree"
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()
        target, profile = load_target("cord-lesion"), load_profile("auto")
        sources = [Source("tree", root)]
        walk = best(lambda: bare_walk(str(root)))
        scan = best(lambda: (walk_images(root), find_labels(root, "derivatives/labels")))
        plan = best(lambda: make_plan(sources, profile, target, PlanOptions()))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    print(f"{len(names)} files, {os.cpu_count()} cores, best of {ROUNDS}")
    print(f"bare os.scandir walk {walk:.3f} s; scan {scan:.3f} s, {scan / walk:.2f} times; {memory:.0f} MiB")
    print(f"scan and plan {plan:.3f} s")


def best(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def bare_walk(folder: str) -> int:
    count = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            count += bare_walk(entry.path) if entry.is_dir() else 1
    return count


if __name__ == "__main__":
    main()
