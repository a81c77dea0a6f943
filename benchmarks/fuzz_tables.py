"""Spoiled tables and spoiled JSON, TOML and YAML files over every verb that reads such files.

Each run copies a small scene, spoils one file of it in one way that people, programs or disks have, or that nobody
would, and runs the verb in this process. A fault is a traceback, exit code 1, an error without words, or more than
10 seconds of the processor. The same seed spoils the same files.

Run: python benchmarks/fuzz_tables.py --count 2000 --seed 1 [--minutes 30] [--only report,crop]
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.fuzz.run_spoiled import run_spoiled
from tests.fuzz.scenes import write_scenes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="files to spoil")
    parser.add_argument("--seed", type=int, default=1, help="of the first; the next has the next")
    parser.add_argument("--minutes", type=float, default=60, help="stop after these")
    parser.add_argument("--only", default="", help="scenes, with commas between them")
    options = parser.parse_args()
    codes: Counter[str] = Counter()
    faults = []
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        scenes = write_scenes(root / "scenes")
        wanted = [scene for scene in scenes if not options.only or scene.name in options.only.split(",")]
        until = time.monotonic() + 60 * options.minutes
        for seed in range(options.seed, options.seed + options.count):
            rng = random.Random(seed)  # noqa: S311 - no secret
            scene = wanted[seed % len(wanted)]
            ending = run_spoiled(scene, scenes[scene], root / "work", rng)
            codes[f"{scene.name} {ending.code}"] += 1
            slowest = max(slowest, ending.seconds)
            if ending.fault:
                faults.append(seed)
                print(f"--- seed {seed}: {ending.what}\n{ending.fault}", flush=True)
            if sum(codes.values()) % 100 == 0:
                print(f"{sum(codes.values())} files, {len(faults)} faults", file=sys.stderr, flush=True)
            if time.monotonic() > until:
                print(f"stopped after {options.minutes:g} minutes, at seed {seed}")
                break
    for name, count in sorted(codes.items()):
        print(f"{name}: {count}")
    print(f"{sum(codes.values())} files, {len(faults)} faults, the slowest run {slowest:.1f} s; seeds: {faults}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
