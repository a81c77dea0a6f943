"""nnU-Net's three variables in every verb that reads one."""

from pathlib import Path

import pytest

from nnunet_ext.cli.main import main
from tests.conftest import SmallBids

OTHERS = {"nnUNet_raw": "raw", "nnUNet_preprocessed": "preprocessed", "nnUNet_results": "results"}


@pytest.fixture
def variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable, folder in OTHERS.items():
        (tmp_path / folder).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / folder))
    (tmp_path / "model.zip").write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    ("variable", "command"),
    [
        ("nnUNet_raw", "convert {bids} -d 501 -n Cord"),
        ("nnUNet_preprocessed", "convert {bids} -d 501 -n Cord"),
        ("nnUNet_raw", "crop-dataset 501 -d 502 -n Box --cords {bids}"),
        ("nnUNet_preprocessed", "crop-dataset --fix-plans 501"),
        ("nnUNet_results", "predict -i {bids} -o {root}/out -m Dataset501_Cord/nnUNetTrainer__nnUNetPlans__3d_fullres"),
        ("nnUNet_results", "model import {root}/model.zip"),
        ("nnUNet_raw", "model import {root}/model.zip"),
        ("nnUNet_preprocessed", "model import {root}/model.zip"),
    ],
)
def test_one_that_nnunet_reads_otherwise_is_refused(
    variables: Path,
    bids: SmallBids,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    command: str,
) -> None:
    bids.case("sub-1_T2w")
    meant = variables / OTHERS[variable]
    monkeypatch.setenv(variable, f"{meant}\r")
    assert main(command.format(bids=bids.root, root=variables).split()) == 4
    assert f"run: export {variable}={meant} " in capsys.readouterr().err
    assert [path.name for folder in OTHERS.values() for path in (variables / folder).iterdir()] == []
