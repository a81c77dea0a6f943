import gzip
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from nnunet_ext.core.errors import ConflictError, ProcessFailedError
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.convert_all import DONE_FOLDER, convert_or_reuse
from nnunet_ext.dataset_conversion.plan import Plan, PlanOptions, make_plan
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.source import name_sources
from nnunet_ext.dataset_conversion.write import write_dataset
from tests.conftest import SmallBids

CONVERT = (
    "import sys\n"
    "from nnunet_ext.cli.main import main\n"
    "if __name__ == '__main__':\n"
    "    sys.exit(main(['convert', sys.argv[1], '-d', '7', '-n', 'Cord', '--n-procs', sys.argv[2]]))\n"
)


def plan_of(bids: SmallBids) -> Plan:
    sources = name_sources([str(bids.root)])
    return make_plan(sources, load_profile("auto"), load_target("cord-lesion"), PlanOptions())


def start(bids: SmallBids, raw: Path, n_procs: int) -> subprocess.Popen[bytes]:
    raw.mkdir(exist_ok=True)
    script = raw.parent / "convert.py"
    script.write_text(CONVERT)
    environment = {**os.environ, "nnUNet_raw": str(raw)}
    command = [sys.executable, str(script), str(bids.root), str(n_procs)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, start_new_session=True)


def wait_for_records(unfinished: Path, count: int) -> list[Path]:
    """Look again and again, until so many cases are done."""
    pause = threading.Event()
    for _ in range(6000):
        found = sorted((unfinished / DONE_FOLDER).glob("*.json"))
        if len(found) >= count:
            return found
        pause.wait(0.01)
    raise AssertionError("no case was finished within a minute")


@pytest.mark.parametrize("n_procs", [1, 2])
def test_a_killed_conversion_goes_on_with_what_it_had_and_ends_as_if_never_killed(
    bids: SmallBids, tmp_path: Path, tree_hash: Callable[[Path], str], n_procs: int
) -> None:
    for number in range(40):
        bids.case(f"sub-{number}_T2w")
    undisturbed = write_dataset(RawDataset.named(tmp_path / "other", 7, "Cord"), plan_of(bids))
    raw = tmp_path / "raw"
    unfinished = raw / ".Dataset007_Cord.unfinished"
    process = start(bids, raw, n_procs)
    wait_for_records(unfinished, 3)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (raw / "Dataset007_Cord").exists()
    records = wait_for_records(unfinished, 3)
    done = {record.stem: record.stat().st_mtime_ns for record in records}
    assert len(done) < 40, "it ended before it was killed"
    images = {path.name: path.stat().st_ino for path in unfinished.glob("images*/*") if path.name[:-12] in done}
    conversion = write_dataset(RawDataset.named(raw, 7, "Cord"), plan_of(bids), n_procs=n_procs)
    assert tree_hash(conversion.dataset.folder) == tree_hash(undisturbed.dataset.folder)
    written = {path.name: path.stat().st_ino for path in conversion.dataset.folder.glob("images*/*")}
    assert images
    assert images.items() <= written.items()  # the very same files: they were not made again


@pytest.mark.parametrize("harm", ["flip", "remove", "source"])
def test_a_finished_case_is_made_again_where_a_byte_of_it_or_of_its_source_changed(
    bids: SmallBids, tmp_path: Path, harm: str
) -> None:
    source = bids.case("sub-1_T2w")
    plan = plan_of(bids)
    (case,) = plan.cases
    dataset = RawDataset(tmp_path / "unfinished")
    first = convert_or_reuse(case, plan, dataset)
    image = dataset.image(case.case, case.split)
    whole, inode = image.read_bytes(), image.stat().st_ino
    assert convert_or_reuse(case, plan, dataset) == first
    assert image.stat().st_ino == inode
    if harm == "flip":
        image.write_bytes(whole[:50] + bytes([whole[50] ^ 1]) + whole[51:])
    elif harm == "remove":
        dataset.label(case.case, case.split).unlink()
    else:
        other, before = bytearray(gzip.decompress(source.read_bytes())), source.stat()
        other[400] ^= 1
        source.write_bytes(gzip.compress(bytes(other), mtime=0))
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))  # as rsync and cp -p leave it
    assert (convert_or_reuse(case, plan, dataset) == first) == (harm != "source")
    assert (image.read_bytes() == whole) == (harm != "source")
    assert image.stat().st_ino != inode
    assert dataset.label(case.case, case.split).is_file()


def test_what_another_plan_left_unfinished_is_not_taken_over(
    bids: SmallBids, tmp_path: Path, tree_hash: Callable[[Path], str]
) -> None:
    bids.case("sub-1_T2w")
    alone = write_dataset(RawDataset.named(tmp_path / "alone", 7, "Cord"), plan_of(bids))
    bids.case("sub-2_T2w")
    unfinished = RawDataset(tmp_path / "raw" / ".Dataset007_Cord.unfinished")
    other = replace(plan_of(bids), target=load_target("cord"))
    for case in other.cases:
        convert_or_reuse(case, other, unfinished)
    shutil.rmtree(bids.root / "sub-2")
    shutil.rmtree(bids.root / "derivatives/labels/sub-2")
    done = write_dataset(RawDataset.named(tmp_path / "raw", 7, "Cord"), plan_of(bids))
    assert tree_hash(done.dataset.folder) == tree_hash(alone.dataset.folder)


def test_two_conversions_of_one_dataset_at_a_time_are_a_conflict(bids: SmallBids, tmp_path: Path) -> None:
    bids.case("sub-1_T2w")
    (tmp_path / "raw").mkdir()
    dataset = RawDataset.named(tmp_path / "raw", 7, "Cord")
    with FileLock(tmp_path / "raw" / ".Dataset007_Cord.lock"), pytest.raises(ConflictError, match="another process"):
        write_dataset(dataset, plan_of(bids))
    assert write_dataset(dataset, plan_of(bids)).counts.found == 1


def test_a_worker_that_is_killed_is_told_with_what_helps(bids: SmallBids, tmp_path: Path) -> None:
    for number in range(40):
        bids.case(f"sub-{number}_T2w")
    raw = tmp_path / "raw"
    process = start(bids, raw, 2)
    wait_for_records(raw / ".Dataset007_Cord.unfinished", 1)
    listed = subprocess.run(
        ["pgrep", "-P", str(process.pid), "-f", "spawn_main"], capture_output=True, text=True, check=True
    )
    os.kill(int(listed.stdout.split()[0]), signal.SIGKILL)
    errors = process.communicate()[1].decode()
    assert process.returncode == ProcessFailedError.exit_code
    assert "with fewer --n-procs" in errors
    assert not (raw / "Dataset007_Cord").exists()
