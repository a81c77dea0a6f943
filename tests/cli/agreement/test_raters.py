import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.tables import read_table
from nnunet_ext.core.volume import Affine

Told = pytest.CaptureFixture[str]
GRID = np.diag([1.0, 1.0, 2.0, 1.0])


def draw(folder: Path, case: str, start: int, stop: int, value: int = 1, affine: Affine = GRID) -> None:
    mask = np.zeros((10, 6, 4), dtype=np.uint8)
    mask[start:stop, 2:4, 1:3] = value
    write_mask(folder / f"{case}.nii.gz", mask, affine)


@pytest.fixture
def raters(tmp_path: Path) -> list[Path]:
    """Three raters of three cases; nobody found anything in the third."""
    folders = [tmp_path / name for name in ("anna", "ben", "carl")]
    for number, folder in enumerate(folders):
        draw(folder, "sub-01/anat/sub-01_lesion", 2 + number, 6 + number)
        draw(folder, "sub-02/anat/sub-02_lesion", 1, 8 - number)
        draw(folder, "sub-03/anat/sub-03_lesion", 0, 0)
    return folders


def agreement(raters: list[Path], *arguments: str | Path) -> int:
    return main(["agreement", "--raters", *map(str, raters), *map(str, arguments)])


def test_each_rater_meets_each_consensus_and_each_other_rater(raters: list[Path], tmp_path: Path, capsys: Told) -> None:
    out = tmp_path / "out"
    assert agreement(raters, "-o", out) == 0
    rows = read_table(out / "raters.tsv")
    first = {(row["rater"], row["against"]): row for row in rows if row["case"].endswith("sub-01_lesion")}
    assert len(rows) == 3 * len(first)
    assert len(first) == 3 * 4 + 3
    # Anna drew 2 to 5, Ben 3 to 6, Carl 4 to 7: more than half drew 3 to 6, which is Ben's mask.
    assert float(first["ben", "majority"]["dice"]) == 1
    assert float(first["ben", "majority_of_others"]["dice"]) == pytest.approx(2 * 2 / (4 + 2))
    assert float(first["anna", "ben"]["dice"]) == pytest.approx(2 * 3 / 8)
    assert float(first["anna", "ben"]["volume_mm3"]) == 4 * 2 * 2 * 2
    summary = {(row["rater"], row["against"]): row for row in read_table(out / "raters_summary.tsv")}
    assert summary["ben", "majority"]["n_both_empty"] == "1"
    assert len(list((out / "figures").glob("*.svg"))) == 2
    told = json.loads((out / "agreement.json").read_text())
    assert told["raters"] == ["anna", "ben", "carl"]
    assert "majority_of_others" in capsys.readouterr().out


def test_a_case_that_one_rater_lacks_is_listed(raters: list[Path], tmp_path: Path, capsys: Told) -> None:
    (raters[1] / "sub-02/anat/sub-02_lesion.nii.gz").unlink()
    assert agreement(raters, "-o", tmp_path / "out") == 0
    (row,) = read_table(tmp_path / "out" / "not_compared.tsv")
    assert (row["case"], row["reason"]) == ("sub-02/anat/sub-02_lesion", "no mask of ben")
    assert "no mask of ben" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["truncated", "labels", "shifted"])
def test_a_mask_that_cannot_be_compared_is_refused_by_name_and_the_others_go_on(
    raters: list[Path], tmp_path: Path, damage: str
) -> None:
    file = raters[2] / "sub-01/anat/sub-01_lesion.nii.gz"
    if damage == "truncated":
        file.write_bytes(file.read_bytes()[:-20])
    elif damage == "labels":
        mask = np.zeros((10, 6, 4), dtype=np.uint8)
        mask[0, 0, :2] = 1, 2
        write_mask(file, mask, GRID)
    else:
        moved = GRID.copy()
        moved[0, 3] = 5.0
        draw(raters[2], "sub-01/anat/sub-01_lesion", 2, 6, affine=moved)
    assert agreement(raters, "-o", tmp_path / "out") == 3
    (row,) = read_table(tmp_path / "out" / "not_compared.tsv")
    assert row["case"] == "sub-01/anat/sub-01_lesion"
    assert str(tmp_path) not in (tmp_path / "out" / "not_compared.tsv").read_text()
    assert {row["case"] for row in read_table(tmp_path / "out" / "raters.tsv")} == {
        "sub-02/anat/sub-02_lesion",
        "sub-03/anat/sub-03_lesion",
    }


def test_masks_may_hold_any_one_value(raters: list[Path], tmp_path: Path) -> None:
    draw(raters[0], "sub-02/anat/sub-02_lesion", 1, 8, value=255)
    assert agreement(raters, "-o", tmp_path / "out") == 0


def test_the_number_of_processes_changes_nothing(
    raters: list[Path], tmp_path: Path, tree_hash: Callable[[Path], str]
) -> None:
    assert agreement(raters, "-o", tmp_path / "one") == 0
    assert agreement(raters, "-o", tmp_path / "two", "--n-procs", "2") == 0
    assert tree_hash(tmp_path / "one") == tree_hash(tmp_path / "two")


def test_raters_without_a_common_case_are_refused(raters: list[Path], tmp_path: Path) -> None:
    draw(tmp_path / "dora", "other", 1, 2)
    assert agreement([raters[0], tmp_path / "dora"], "-o", tmp_path / "out") == 3
