import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "fuzz_nifti.py"


def test_spoiled_files_are_read_as_nibabel_reads_them_or_refused_by_name() -> None:
    """The program itself takes any number; see its help."""
    command = [sys.executable, str(PROGRAM), "--seed", "7", "--count", "600", "--minutes", "0.5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROGRAM.parents[1])
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.splitlines()[-1]
    assert said.startswith("seed 7: 600 files")
    read, masks, refused = (int(part.split()[0]) for part in said.split(": ", 2)[2].split(";")[0].split(", "))
    assert read + refused == 600
    assert min(read, refused) > 150
    assert 0 < masks < read
