import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.cli.demo.console import Console, seconds_left
from nnunet_ext.cli.demo.job import set_aside
from nnunet_ext.cli.demo.memory import family_memory
from nnunet_ext.cli.demo.nnunet_process import NnunetProcess, training_progress
from nnunet_ext.cli.demo.small_plan import plan_patch
from nnunet_ext.cli.demo.steps import Step, run_steps
from nnunet_ext.core.errors import EnvironmentProblemError, ProcessFailedError
from nnunet_ext.trainers.epoch_log import progress_line

SPACINGS = st.lists(st.floats(0.3, 6), min_size=3, max_size=3)


@given(SPACINGS)
def test_a_planned_patch_can_be_pooled_as_its_strides_say(spacing: list[float]) -> None:
    patch, strides, kernels = plan_patch(spacing, [80.0, 48.0, 40.0])
    assert len(strides) == len(kernels)
    for axis in range(3):
        divisor = 1
        for stride in strides:
            divisor *= stride[axis]
        assert patch[axis] >= divisor
        assert patch[axis] % divisor == 0


def test_coarse_slices_are_pooled_later() -> None:
    patch, strides, kernels = plan_patch([3.3, 0.7, 0.7], [40.0, 48.0, 80.0])
    assert (strides[1], kernels[0]) == ([1, 2, 2], [1, 3, 3])
    assert patch[0] < patch[1]


def test_the_time_left_follows_what_was_seen() -> None:
    unknown = seconds_left(0.0, 0.0, 100, [50], [])
    slow = seconds_left(0.0, 0.0, 100, [50], [(100, 300)])
    assert unknown == pytest.approx(150)
    assert slow > 2 * unknown
    assert seconds_left(0.5, 200, 100, [], []) > seconds_left(0.9, 200, 100, [], [])
    assert seconds_left(1.0, 500, 100, [], []) == pytest.approx(0)


def test_our_progress_line_is_understood() -> None:
    line = progress_line(epoch=(3, 4), step=(5, 10), seconds_per_step=1.0, loss=0.1)
    progress = training_progress(f"2026-01-01: {line}")
    assert progress is not None
    assert progress[0] == pytest.approx(2.5 / 4)
    assert progress[1] == "epoch 3 of 4"
    assert training_progress("Epoch 3") is None


def test_done_steps_are_skipped_until_their_settings_change(tmp_path: Path) -> None:
    ran: list[str] = []

    def step(name: str, settings: int) -> Step:
        return Step(name, name, 1.0, settings, lambda _: ran.append(name), lambda: ran.append(f"-{name}"))

    def steps(second: int) -> list[Step]:
        return [step("one", 1), step("two", second), step("three", 3)]

    def run(second: int) -> list[str]:
        ran.clear()
        run_steps(steps(second), tmp_path, Console([1.0] * 3))
        return list(ran)

    assert run(2) == ["-one", "one", "-two", "two", "-three", "three"]
    assert run(2) == []
    assert run(9) == ["-two", "two", "-three", "three"]


def test_predictions_of_other_settings_are_set_aside_and_not_deleted(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / "predictions").mkdir()
        (tmp_path / "predictions" / "corrected.nii.gz").write_text(f"mine {number}")
        set_aside([tmp_path / "predictions", tmp_path / "nowhere"])
    kept = sorted(file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.nii.gz"))
    assert kept == [f"predictions.before-{number}/corrected.nii.gz" for number in (1, 2)]
    assert (tmp_path / kept[1]).read_text() == "mine 2"


def test_an_interrupted_step_is_run_again_without_clearing_what_it_made(tmp_path: Path) -> None:
    cleared: list[int] = []
    attempts: list[int] = []

    def work(_: object) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise KeyboardInterrupt

    step = Step("train", "train", 1.0, 1, work, lambda: cleared.append(1))
    with pytest.raises(KeyboardInterrupt):
        run_steps([step], tmp_path, Console([1.0]))
    assert "train" in run_steps([step], tmp_path, Console([1.0]))
    assert (len(attempts), len(cleared)) == (2, 1)


def test_a_failing_command_is_told_with_its_last_lines(tmp_path: Path) -> None:
    process = NnunetProcess(tmp_path, tmp_path / "log" / "demo.log", 1)
    with pytest.raises(ProcessFailedError, match="(?s)exit code 2.*unrecognized arguments: --nonsense") as failed:
        process.run("nnunet_ext", ["predict", "--nonsense"], lambda _: None)
    assert failed.value.exit_code == 1
    assert "--nonsense" in (tmp_path / "log" / "demo.log").read_text()


def test_a_missing_command_is_an_environment_problem(tmp_path: Path) -> None:
    process = NnunetProcess(tmp_path, tmp_path / "demo.log", 1)
    with pytest.raises(EnvironmentProblemError, match="pip install"):
        process.run("nnUNetv2_does_not_exist", [], lambda _: None)


def test_memory_counts_the_children(tmp_path: Path) -> None:
    if not Path("/proc/self/smaps_rollup").exists():
        pytest.skip("this system does not tell")
    alone = family_memory(os.getpid())
    code = "block = bytearray(300 * 1024**2); print('ready', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        together = family_memory(os.getpid())
        child.communicate("\n")
    assert together > alone + 250 * 1024**2
