from pathlib import Path

import pytest

from nnunet_ext.cli.main import main


def test_entities_are_written_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "phantoms"
    assert main(["phantom", str(out), "--entities", "--patients", "1", "--naming", "bids"]) == 0
    assert "4 synthetic patients of astrocytoma, ependymoma, MS, NMOSD" in capsys.readouterr().out
    assert len(list(out.glob("sub-ent*"))) == 4


def test_entities_and_sites_exclude_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["phantom", str(tmp_path / "d"), "--entities", "--sites", "tumor"])
    assert "--sites: not allowed with argument --entities" in capsys.readouterr().err


def test_contrasts_are_not_for_entities(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["phantom", str(tmp_path / "d"), "--entities", "--contrasts", "T1w"]) == 2
    assert "--contrasts T1w as well" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()
