import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nnunet_ext.cli.main import VERBS, main
from tests.conftest import SmallBids

COMMAND = str(Path(sys.executable).parent / "nnunet_ext")


def test_help_answers_in_under_a_second() -> None:
    seconds = []
    for _ in range(3):  # the best of three: the machine may be busy
        begun = time.monotonic()
        done = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, check=True)
        seconds.append(time.monotonic() - begun)
    assert min(seconds) < 1.0
    assert all(verb in done.stdout for verb in VERBS)


@pytest.mark.parametrize("arguments", [[], *([verb] for verb in VERBS)])
def test_no_help_imports_torch_or_nnunet(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from nnunet_ext.cli.main import main\n"
        "try:\n"
        f"    main({[*arguments, '--help']!r})\n"
        "except SystemExit as ended:\n"
        "    assert ended.code == 0\n"
        "print('HEAVY', sorted({'torch', 'nnunetv2'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "usage:" in done.stdout
    assert done.stdout.endswith("HEAVY []\n")


def test_without_a_verb_it_shows_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "VERB" in capsys.readouterr().out


def test_the_caller_s_way_to_be_terminated_is_left_as_it_was(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert main(["convert", str(tmp_path), "-d", "0", "-n", "Cord"]) != 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_unknown_verb_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["segment"])
    assert ended.value.code == 2
    assert "convert" in capsys.readouterr().err


def test_the_exports_can_be_evaluated_and_lead_to_our_trainers(tmp_path: Path) -> None:
    root = tmp_path / "a folder with 'quotes'"
    script = (
        f'eval "$("{COMMAND}" env --root "$ROOT")"\n'
        "python_code='from nnunetv2.paths import nnUNet_raw; print(nnUNet_raw.get())'\n"
        'printf "%s\\n" "$nnUNet_raw" "$nnUNet_extTrainer"\n'
    )
    environment = {**os.environ, "ROOT": str(root), "nnUNet_extTrainer": "/mine"}
    done = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=True)
    raw, trainers = done.stdout.splitlines()
    assert raw == str(root / "raw")
    assert (root / "raw").is_dir()
    first, ours = trainers.split(os.pathsep)
    assert first == "/mine"
    assert (Path(ours) / "nnunet_ext_trainers.py").is_file()


def test_an_unset_variable_is_an_environment_error(
    bids: SmallBids, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("nnUNet_raw", raising=False)
    bids.case("sub-1_T2w")
    assert main(["convert", str(bids.root), "-d", "7", "-n", "Cord"]) == 4
    assert "nnUNet_raw was needed and is not set" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere", "-d", "7", "-n", "Cord"], 3, "found nothing"),
        (["site", "-d", "7000", "-n", "Cord"], 2, "from 1 to 999"),
        (["site", "-d", "7", "-n", "../Cord"], 2, "letters, digits"),
        (["site", "-d", "7", "-n", "Cord", "--test-fraction", "1.5"], 2, "--test-fraction"),
        (["site", "-d", "7", "-n", "Cord", "--missing", "lesion=perhaps"], 2, "--missing needs"),
        (["site", "-d", "7", "-n", "Cord", "--target", "brain"], 2, "cord-lesion"),
        (["site", "-d", "7", "-n", "Cord", "--profile", "mars"], 2, "auto"),
    ],
)
def test_each_wrong_argument_is_told_with_its_exit_code(
    bids: SmallBids,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    bids.case("sub-1_T2w")
    monkeypatch.setenv("nnUNet_raw", str(tmp_path / "raw"))
    monkeypatch.chdir(tmp_path)
    assert main(["convert", *arguments]) == code
    assert words in capsys.readouterr().err
    assert not list((tmp_path / "raw").rglob("*")) or code == 0


def test_a_refused_image_is_answered_with_3_and_the_rest_is_converted(
    bids: SmallBids, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bids.case("sub-1_T2w")
    damaged = bids.case("sub-2_T2w")
    damaged.write_bytes(damaged.read_bytes()[:-30])
    monkeypatch.setenv("nnUNet_raw", str(tmp_path / "raw"))
    assert main(["convert", str(bids.root), "-d", "7", "-n", "Cord"]) == 3
    told = capsys.readouterr()
    assert "1 of 2 images were refused" in told.err
    assert "cases.tsv" in told.err
    assert (tmp_path / "raw" / "Dataset007_Cord" / "dataset.json").is_file()


def test_a_place_that_cannot_be_written_is_an_environment_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["env", "--root", str(tmp_path / "file")]) == 4
    told = capsys.readouterr()
    assert told.out == ""  # the shell evaluates what stands there
    assert "Not a directory" in told.err


def test_a_dry_run_prints_the_plan_and_writes_nothing(
    bids: SmallBids, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bids.case("sub-1_T2w")
    bids.image("sub-2_T2w")
    monkeypatch.setenv("nnUNet_raw", str(tmp_path / "raw"))
    assert main(["convert", str(bids.root), "-d", "7", "-n", "Cord", "--dry-run"]) == 0
    header, first, second = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    status = header.index("status")
    assert (first[status], second[status]) == ("include", "skip")
    assert not (tmp_path / "raw").exists()


def test_a_name_that_is_taken_is_a_conflict(
    make_bids: Callable[[str], SmallBids], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("nnUNet_raw", str(tmp_path / "raw"))
    for name, code in (("one", 0), ("two", 5)):
        bids = make_bids(name)
        bids.case("sub-1_T2w")
        assert main(["convert", str(bids.root), "-d", "7", "-n", "Cord"]) == code


def test_phantoms_are_written_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "phantoms"
    assert main(["phantom", str(out), "--sites", "axial-ms", "--patients", "1", "--naming", "bids"]) == 0
    assert "1 synthetic patients" in capsys.readouterr().out
    assert len(list(out.rglob("*_mask.nii.gz"))) == 2
    assert main(["phantom", str(out), "--sites", "axial-ms", "--patients", "1", "--seed", "9"]) == 5
    assert main(["phantom", str(tmp_path / "other"), "--sites", "moon"]) == 2


def test_phantoms_of_random_contrast_can_be_converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("nnUNet_raw", str(tmp_path / "raw"))
    out = str(tmp_path / "any")
    assert main(["phantom", out, "--sites", "axial-ms", "--patients", "2", "--contrasts", "random", "T1w"]) == 0
    assert main(["convert", out, "-d", "7", "-n", "Any"]) == 0
    found = sorted(file.name.split("_")[-2] for file in (tmp_path / "raw").rglob("*_0000.nii.gz"))
    assert found == ["T1w", "T1w", "random", "random"]
