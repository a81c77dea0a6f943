import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.tables import read_table

Told = pytest.CaptureFixture[str]
GRID = np.diag([-1.0, 1.0, 2.0, 1.0])
SHAPE = (16, 20, 12)
CASES = 4


def write_masks(root: Path, *, wider: int, cases: range = range(CASES)) -> Path:
    """Write a cord and a lesion of each case, as BIDS derivatives; lesions differ from case to case."""
    for number in cases:
        anat = root / f"sub-{number:02d}" / "anat"
        cord, lesion = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
        cord[4:12, 6:14, :] = 1
        lesion[6:8, 8 : 10 + wider, 3 : 6 + number] = 1
        write_mask(anat / f"sub-{number:02d}_label-SC_desc-T2w_mask.nii.gz", cord, GRID)
        write_mask(anat / f"sub-{number:02d}_label-lesion_desc-T2w_mask.nii.gz", lesion, GRID)
    return root


@pytest.fixture
def masks(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Drawn by hand, by a method that draws the same, and by one that draws too much."""
    widths = {"hand": 0, "same": 0, "wide": 1}
    first, second, third = (write_masks(tmp_path / name, wider=wider) for name, wider in widths.items())
    return first, second, third


def agreement(*arguments: str | Path) -> int:
    fewer = [] if "--metrics" in arguments else ["--metrics", "dsc,total_volume_mm3"]  # figures take seconds
    return main(["agreement", *map(str, arguments), "--bootstrap", "100", *fewer])


def test_one_command_scores_measures_and_compares(masks: tuple[Path, Path, Path], tmp_path: Path, capsys: Told) -> None:
    hand, same, wide = masks
    out = tmp_path / "out"
    assert agreement(same, wide, "--reference", hand, "-o", out, "--json") == 0
    assert set(json.loads(capsys.readouterr().out)) >= {"out", "comparison.tsv", "agreement.tsv"}
    compared = {(row["region"], row["metric"]): row for row in read_table(out / "comparison.tsv")}
    assert float(compared["lesion", "dsc"]["mean_a"]) == 1
    assert float(compared["lesion", "dsc"]["mean_b"]) == pytest.approx(2 * 2 / (2 + 3))
    agreed = {(row["biomarker"], row["method_b"]): row for row in read_table(out / "agreement.tsv")}
    assert {row["method_a"] for row in agreed.values()} == {"reference"}
    assert float(agreed["total_volume_mm3", "same"]["bias"]) == 0
    # A third voxel across, two voxels wide, 3 to 6 slices of 2 mm: 12, 16, 20 and 24 mm3 too much.
    assert float(agreed["total_volume_mm3", "wide"]["bias"]) == pytest.approx(18)
    assert (out / "agreement.html").is_file()


def test_one_method_alone_is_compared_in_its_biomarkers(masks: tuple[Path, Path, Path], tmp_path: Path) -> None:
    hand, _, wide = masks
    out = tmp_path / "out"
    asked = ("--names", "manual", "automatic", "--metrics", "total_volume_mm3")
    assert agreement(wide, "--reference", hand, "-o", out, *asked) == 0
    rows = read_table(out / "agreement.tsv")
    assert {(row["method_a"], row["method_b"]) for row in rows} == {("manual", "automatic")}
    assert not (out / "comparison.tsv").exists()
    assert read_table(out / "evaluate" / "automatic" / "metrics.tsv")


def test_a_damaged_mask_is_listed_and_the_others_are_compared(
    masks: tuple[Path, Path, Path], tmp_path: Path, capsys: Told
) -> None:
    hand, same, wide = masks
    file = wide / "sub-01" / "anat" / "sub-01_label-lesion_desc-T2w_mask.nii.gz"
    file.write_bytes(file.read_bytes()[:-20])
    out = tmp_path / "out"
    assert agreement(same, wide, "--reference", hand, "-o", out) == 3
    listed = [row for row in read_table(out / "not_compared.tsv") if row["case"].startswith("sub-01")]
    assert any("wide" in row["reason"] for row in listed)
    (row,) = [row for row in read_table(out / "comparison.tsv") if (row["region"], row["metric"]) == ("lesion", "dsc")]
    assert row["n_subjects"] == str(CASES - 1)
    assert "refused on the way" in capsys.readouterr().err


def test_the_same_command_comes_out_the_same_and_other_masks_need_force(
    masks: tuple[Path, Path, Path], tmp_path: Path, tree_hash: Callable[[Path], str]
) -> None:
    hand, same, wide = masks
    out = tmp_path / "out"
    assert agreement(same, wide, "--reference", hand, "-o", out) == 0
    before = tree_hash(out)
    assert agreement(same, wide, "--reference", hand, "-o", out) == 0
    assert tree_hash(out) == before
    assert agreement(wide, same, "--reference", hand, "-o", out) == 5
    assert tree_hash(out) == before
    assert agreement(wide, same, "--reference", hand, "-o", out, "--force") == 0


def test_a_name_that_would_leave_the_folder_is_refused(masks: tuple[Path, Path, Path], tmp_path: Path) -> None:
    hand, same, wide = masks
    assert agreement(same, wide, "--reference", hand, "-o", tmp_path / "out", "--names", "a", "../b") == 2
    assert not (tmp_path / "b").exists()
