"""Zips as people make them: by a right click on one folder or another, with whatever lies in it."""

import zipfile
from pathlib import Path

import pytest

from nnunet_ext.cli.main import main
from tests.models.conftest import DATASET, MODEL, SHARED, content

Told = pytest.CaptureFixture[str]
LITTER = {
    "__MACOSX/{model}/._plans.json": b"Mac OS X",
    "__MACOSX/._README.md": b"Mac OS X",
    ".DS_Store": b"\0\0\0\1Bud1",
    "{model}/.DS_Store": b"\0\0\0\1Bud1",
    "{model}/fold_0/Thumbs.db": b"x",
    "README.md": b"# Our model",
    "{model}/LICENSE": b"MIT",
    "{model}/fold_0/training_log_2024_1_1_12_00_00.txt": b"Epoch 0",
    "{model}/fold_0/validation/postprocessed/case 1.nii.gz": b"x",
    "Abschluß (final).pdf": b"%PDF",
}


def packed(archive: Path, to: Path, was: str, now: str, extras: dict[str, bytes]) -> Path:
    """Write a zip anew with another folder in the place of `was`, and with more entries."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in content(archive).items():
            if name.startswith(f"{was}/"):
                opened.writestr((now + name.removeprefix(was)).lstrip("/"), data)
        for name, data in extras.items():
            opened.writestr(name.format(model=now or "."), data)
    return to


def installed(results: Path) -> set[str]:
    files = (path for path in results.rglob("*") if path.is_file() and not path.name.startswith(".nnunet_ext"))
    return {path.relative_to(results).as_posix() for path in files}


@pytest.mark.parametrize("above", ["", "nnUNet_results/", "My models (v2)/results/"])
@pytest.mark.parametrize("ours", [False, True])
def test_litter_and_documents_are_left_out_by_name(
    exported: Path, stock_zip: Path, results: Path, tmp_path: Path, capsys: Told, above: str, ours: bool
) -> None:
    archive, model = (exported, SHARED) if ours else (stock_zip, MODEL)
    zipped = packed(archive, tmp_path / "model.zip", model, f"{above}{model}", {} if ours else LITTER)
    with zipfile.ZipFile(zipped, "a") as opened:
        opened.writestr("README.md" if ours else "NOTICE", "Cite us.")
        opened.writestr(f"__MACOSX/{above}._x", "Mac OS X")
    assert main(["model", "verify", str(zipped)]) == 0
    assert main(["model", "import", str(zipped)]) == 0
    told = capsys.readouterr().err
    kept = {name for name in content(archive) if name.startswith(f"{model}/") and not name.endswith("debug.json")}
    assert installed(results) == kept
    expected = ["README.md"] if ours else [name.format(model=f"{above}{model}") for name in LITTER]
    assert all(f"left out, as prediction does not need it: {name.removeprefix(above)}" in told for name in expected
               if "validation" in name)  # fmt: skip
    assert all(f"left out, as prediction does not need it: {name}" in told for name in expected
               if "validation" not in name)  # fmt: skip


@pytest.mark.parametrize("folder", ["{trained}", "cord model/{trained}", "", "model"])
def test_a_missing_top_folder_is_given_on_the_command_line(
    stock_zip: Path, results: Path, tmp_path: Path, capsys: Told, folder: str
) -> None:
    now = folder.format(trained=MODEL.split("/")[1])
    zipped = packed(stock_zip, tmp_path / "model.zip", MODEL, now, {"README.md": b"", "__MACOSX/._x": b""})
    assert main(["model", "import", str(zipped)]) == 6
    assert "--as DatasetXXX_NAME" in capsys.readouterr().err
    assert installed(results) == set()
    assert main(["model", "import", str(zipped), "--as", "Dataset501_Cord"]) == 0
    assert f"Dataset501_Cord/{MODEL.split('/')[1]}/fold_0/checkpoint_final.pth" in installed(results)


def test_another_number_is_given_where_one_s_own_dataset_has_it(
    exported: Path, results: Path, tmp_path: Path, capsys: Told
) -> None:
    (results / "Dataset007_Mine").mkdir(parents=True)
    assert main(["model", "import", str(exported)]) == 5
    assert "--as" in capsys.readouterr().err
    assert main(["model", "import", str(exported), "--as", "Dataset008_Cord"]) == 0
    assert {name.split("/")[0] for name in installed(results)} == {"Dataset008_Cord"}
    assert main(["model", "import", str(exported), "--as", "Cord"]) == 2


def test_code_is_refused_with_the_command_that_takes_it_out(
    exported: Path, results: Path, tmp_path: Path, capsys: Told
) -> None:
    zipped = packed(exported, tmp_path / "model.zip", DATASET, DATASET, {f"{SHARED}/my trainer.py": b"import os"})
    assert main(["model", "import", str(zipped)]) == 6
    assert f"zip -d FILE.zip '{SHARED}/my trainer.py'" in capsys.readouterr().err
    assert installed(results) == set()


def test_a_tar_is_told_from_a_damaged_zip(results: Path, tmp_path: Path, capsys: Told) -> None:
    (tmp_path / "model.zip").write_bytes(b"\x1f\x8b" + bytes(100))
    assert main(["model", "import", str(tmp_path / "model.zip")]) == 3
    assert "another kind of archive, unpack it and zip the folder" in capsys.readouterr().err
