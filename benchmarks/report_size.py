"""How large the report of 50 cases is: at most 30 MiB with its static figures, the viewer apart.

    python benchmarks/report_size.py [--cases 50] [--n-procs 2]

Cases of 256 x 256 x 24 voxels with noise in every one of them, which no picture format can make small; images that were
measured have less. What is printed: MiB of the pages, seconds a case, MiB of the viewer.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from nnunet_ext.cli.main import main
from tests.report.made_evaluation import MadeCase, MadeEvaluation

SHAPE = (256, 256, 24)
SPACING = (0.5, 0.5, 4.0)
MOST_MIB = 30.0


def measure(count: int, n_procs: int) -> bool:
    """Make the cases and the report; say whether it is small enough."""
    with tempfile.TemporaryDirectory() as folder:
        made = MadeEvaluation(Path(folder), SHAPE, SPACING)
        evaluated = made.write([MadeCase(f"sub-{n:02d}_T2w", dice=n / count) for n in range(count)])
        out = Path(folder) / "report"
        start = time.perf_counter()
        code = main(["report", str(evaluated), "-o", str(out), "--n-procs", str(n_procs), "--viewer"])
        seconds = time.perf_counter() - start
        viewer = (out / "viewer.html").stat().st_size / 2**20
        pages = sum(file.stat().st_size for file in out.rglob("*.html")) / 2**20 - viewer
        print(f"{count} cases of {SHAPE}, exit {code}: {seconds / count:.2f} s a case, viewer included")
        group = (out / "report.html").stat().st_size / 2**20
        print(f"pages {pages:.1f} MiB (report.html {group:.1f}), at most {MOST_MIB:g} wanted; viewer {viewer:.1f} MiB")
        return code == 0 and pages <= MOST_MIB


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=50)
    parser.add_argument("--n-procs", type=int, default=2)
    given = parser.parse_args()
    sys.exit(not measure(given.cases, given.n_procs))
