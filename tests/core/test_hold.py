import subprocess
import sys
from pathlib import Path

from nnunet_ext.core.hold import heritable_hold


def test_a_file_stays_held_as_long_as_a_process_runs_that_was_given_it(tmp_path: Path) -> None:
    file = tmp_path / "held"
    with heritable_hold(file) as given:
        assert given is not None
        waits = [sys.executable, "-c", "input()"]
        child = subprocess.Popen(waits, stdin=subprocess.PIPE, pass_fds=given)
    with heritable_hold(file) as again:
        assert again is None
    child.communicate(b"\n")
    with heritable_hold(file) as again:
        assert again is not None
