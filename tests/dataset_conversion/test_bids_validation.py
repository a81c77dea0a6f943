import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.errors import EnvironmentProblemError, ProcessFailedError
from nnunet_ext.dataset_conversion.bids_validation import summary, validate_bids
from nnunet_ext.dataset_conversion.source import Source
from tests.conftest import SmallBids

REPORT = {
    "issues": {
        "issues": [
            {"code": "NOT_INCLUDED", "severity": "error", "location": "/sub-1/anat/sub-1_PSIR.nii.gz"},
            {"code": "README_FILE_MISSING", "severity": "warning", "location": "/dataset_description.json"},
        ]
    },
    "summary": {"subjectMetadata": [{"participantId": "1", "age": 44}]},
}


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a program of the validator's name on PATH that prints a text, as the validator does, and ends with 16."""
    if Path(sys.executable).with_name("bids-validator-deno").exists():
        pytest.skip("the real one is installed")

    def put(text: str) -> None:
        program = tmp_path / "bin" / "bids-validator-deno"
        program.parent.mkdir()
        program.write_text(f"#!{sys.executable}\nprint({text!r})\nraise SystemExit(16)\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    return put


def test_its_findings_are_reported_and_stop_nothing(
    bids: SmallBids,
    tmp_path: Path,
    stand_in: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stand_in(json.dumps(REPORT))
    bids.case("sub-1_T2w")
    (tmp_path / "raw").mkdir()
    monkeypatch.setenv("nnUNet_raw", str(tmp_path / "raw"))
    assert main(["convert", str(bids.root), "-d", "7", "-n", "Cord", "--validate-bids"]) == 0
    assert "site: 1 errors, 1 warnings: NOT_INCLUDED (1)" in capsys.readouterr().err
    report = (tmp_path / "raw/Dataset007_Cord/bids_validation.json").read_text()
    assert "sub-1_PSIR" in report
    assert "44" not in report  # the validator repeats ages; they are nobody's business here


def test_without_the_validator_the_way_to_it_is_told_and_the_conversion_goes_on(
    bids: SmallBids, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if Path(sys.executable).with_name("bids-validator-deno").exists():
        pytest.skip("it is installed")
    bids.case("sub-1_T2w")
    (tmp_path / "raw").mkdir()
    monkeypatch.setenv("nnUNet_raw", str(tmp_path / "raw"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentProblemError, match=r"pip install 'nnunet_ext\[bids\]'"):
        validate_bids(Source("site", bids.root))
    assert main(["convert", str(bids.root), "-d", "7", "-n", "Cord", "--validate-bids"]) == 0
    assert "is not installed" in capsys.readouterr().err


def test_a_validator_that_answers_nonsense_is_named(bids: SmallBids, stand_in: Callable[[str], None]) -> None:
    stand_in("Segmentation fault")
    with pytest.raises(ProcessFailedError, match="gave no report"):
        validate_bids(Source("site", bids.root))


def test_the_real_one_reads_a_dataset_and_writes_nothing(bids: SmallBids, tree_hash: Callable[[Path], str]) -> None:
    if not Path(sys.executable).with_name("bids-validator-deno").exists():
        pytest.skip("not installed")
    bids.case("sub-1_T2w")
    before = tree_hash(bids.root)
    assert "errors" in summary(validate_bids(Source("site", bids.root)))
    assert tree_hash(bids.root) == before
