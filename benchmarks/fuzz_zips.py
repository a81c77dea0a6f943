"""Crafted zips and folders of models through `model import` and `predict -m`, as the real command runs them.

A finding is a traceback, a hang of more than 10 s, a gigabyte of memory, a file outside of where it belongs, code of a
model that ran, or a refusal that does not say what to do. Each is printed with the number that makes it again.

Run: python benchmarks/fuzz_zips.py --seed 1 --count 500 --minutes 10 [--classifiers]
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the crafted models are those of the tests

from tests.models.try_crafted import in_words, try_crafted


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--classifiers", action="store_true", help="zips of classifiers, not of segmentation models")
    options = parser.parse_args()
    tried = try_crafted(options.seed, options.count, options.minutes * 60, classifiers=options.classifiers)
    told = ", ".join(f"{kind}: {number}" for kind, number in tried.codes.items())
    print(f"{sum(tried.codes.values())} models; {told}; the slowest took {tried.slowest:.1f} s")
    if tried.findings:
        print(f"{len(tried.findings)} findings\n{in_words(tried.findings)}")
    return 1 if tried.findings else 0


if __name__ == "__main__":
    sys.exit(main())
