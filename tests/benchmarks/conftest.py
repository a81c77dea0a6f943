"""The modules of the benchmarks, which are programs and no package, as `python benchmarks/NAME.py` finds them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
