import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nnunet_ext.core.leftovers import TEMPORARY_MARK, scratch_folder, sweep, unfinished_file

WRITES: str = (
    "import sys\n"
    "from pathlib import Path\n"
    "from nnunet_ext.core.leftovers import scratch_folder, unfinished_file\n"
    "here = Path(sys.argv[1])\n"
    "with unfinished_file(here, '.nii.gz') as file, scratch_folder(here, '.work-') as folder:\n"
    "    file.write_text('half')\n"
    "    (folder / 'half').write_text('half')\n"
    "    print('written', flush=True)\n"
    "    sys.stdin.readline()\n"
)


def started(folder: Path) -> subprocess.Popen[str]:
    """Start a process that has a file and a folder half written."""
    command = [sys.executable, "-c", WRITES, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    return process


def test_what_a_living_process_writes_stays_and_what_a_killed_one_left_goes(tmp_path: Path) -> None:
    living, killed = started(tmp_path), started(tmp_path)
    of_both = {path.name for path in tmp_path.iterdir()}
    assert len(of_both) == 4
    assert sweep(tmp_path) == sweep(tmp_path, ".work-") == []
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    removed = sweep(tmp_path)
    with scratch_folder(tmp_path, ".work-"):  # which looks for others of its kind
        pass
    left = {path.name for path in tmp_path.iterdir()}
    assert (len(removed), len(left), left < of_both) == (1, 2, True)
    living.communicate("end\n")
    assert (living.returncode, list(tmp_path.iterdir())) == (0, [])


def test_a_file_that_got_its_name_is_no_leftover(tmp_path: Path) -> None:
    with unfinished_file(tmp_path, ".tsv") as file:
        file.write_text("whole")
        file.replace(tmp_path / "table.tsv")
        assert sweep(tmp_path) == []
    assert (tmp_path / "table.tsv").read_text() == "whole"


def test_an_unfinished_file_has_the_permissions_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    with unfinished_file(tmp_path, "") as file:
        assert file.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_folder_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), unfinished_file(tmp_path / "nowhere", ".tsv"):
        pass


def test_a_sweep_follows_no_link_and_looks_below_only_where_it_is_asked(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    for name in ("theirs", "here/below"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / f"{TEMPORARY_MARK}1").write_text("half")
    here = tmp_path / "here"
    (here / "link").symlink_to(theirs)
    (here / f"{TEMPORARY_MARK}2").symlink_to(theirs / f"{TEMPORARY_MARK}1")
    (here / f"{TEMPORARY_MARK}3").symlink_to(theirs)
    os.mkfifo(here / f"{TEMPORARY_MARK}4")
    assert sweep(here, below=False) == []
    assert sweep(here) == [here / "below" / f"{TEMPORARY_MARK}1"]
    assert len(list(here.iterdir())) == 5
    assert list(theirs.iterdir()) == [theirs / f"{TEMPORARY_MARK}1"]
    assert sweep(tmp_path / "nowhere") == []
