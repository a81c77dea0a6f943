import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "default_models.py"


def test_parts_whose_models_are_absent_say_so_and_leave_no_figure(tmp_path: Path) -> None:
    places = ["--models", tmp_path / "models", "--root", tmp_path / "root", "--json", tmp_path / "figures.json"]
    command = [sys.executable, PROGRAM, *places, "--robustness"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    parts = ["cord", "box", "rescans", "cordless", "speed", "injected", "phantoms", "robustness"]
    assert [line.split(":")[0] for line in done.stdout.splitlines() if "n/a" in line] == parts
    content = json.loads((tmp_path / "figures.json").read_text())
    assert content["figures"] == dict.fromkeys(parts)
    assert (content["models"], content["cards"]) == ({}, {})
