"""Files as people have them: other units, other packing, masks beside the cord."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.core.tables import read_table
from tests.conftest import SmallBids
from tests.dataset_conversion.lab import CORD, GRID, Lab, TreeHash, edit_header, load
from tests.dataset_conversion.test_field_variants_of_volumes import CASE, case, refused


@pytest.fixture
def lab(bids: SmallBids, tmp_path: Path, tree_hash: TreeHash) -> Lab:
    bids.case("sub-9_T2w")
    return Lab(bids, tmp_path, tree_hash)


def in_unit(path: Path, code: int, factor: float) -> None:
    """Say the same place in another unit."""
    rows = {f"srow_{axis}": GRID[index] * factor for index, axis in enumerate("xyz")}
    sizes = [-1, *(factor * size for size in (1, 1, 2)), 0, 0, 0, 0]
    offset = {f"qoffset_{axis}": GRID[index, 3] * factor for index, axis in enumerate("xyz")}
    edit_header(path, xyzt_units=code, pixdim=sizes, **rows, **offset)


@pytest.mark.parametrize(("code", "factor", "unit"), [(1, 1e-3, "metres"), (3, 1e3, "micrometres")])
def test_lengths_in_another_unit_become_millimetres(lab: Lab, code: int, factor: float, unit: str) -> None:
    files = case(lab)
    for file in (files["image"], files["lesion"]):  # the cord mask stays as it is: it lies at the same place
        in_unit(file, code, factor)
    answer = lab.convert()
    assert answer.code == 0
    assert f"lengths in {unit}, as its header says, read as mm" in answer.rows[CASE]["geometry"]
    for kind, name in (("imagesTr", f"{CASE}_0000"), ("labelsTr", CASE)):
        raw = load(answer.folder / kind / f"{name}.nii.gz")
        np.testing.assert_allclose(raw.affine, GRID, atol=1e-4)
        assert raw.header.get_xyzt_units()[0] == "mm"
    quality = {row["case"]: row for row in read_table(answer.folder / "qc.tsv")}
    assert float(quality[CASE]["volume_mm3_sc"]) == pytest.approx(2.0 * np.count_nonzero(CORD), rel=1e-6)


def test_a_unit_that_cannot_be_right_refuses_the_case_by_name(lab: Lab) -> None:
    edit_header(case(lab)["image"], xyzt_units=1)
    assert refused(lab).startswith("sub-1_T2w.nii.gz: its header gives lengths in metres")


def test_files_that_are_packed_otherwise_than_they_are_named_are_converted_and_told(lab: Lab) -> None:
    files = case(lab)
    files["image"].write_bytes(gzip.decompress(files["image"].read_bytes()))
    files["sc"].write_bytes(gzip.compress(files["sc"].read_bytes()))
    answer = lab.convert()
    assert answer.code == 0
    geometry = answer.rows[CASE]["geometry"]
    assert "not compressed, other than its name says" in geometry
    assert "sc: compressed with gzip twice, other than its name says" in geometry
    assert (answer.folder / "imagesTr" / f"{CASE}_0000.nii.gz").read_bytes().startswith(b"\x1f\x8b")


def test_a_cord_mask_that_lies_aside_in_four_slices_stands_in_qc_tsv_and_on_its_page(lab: Lab) -> None:
    aside = CORD.copy()
    aside[:, :, 4:8] = np.roll(CORD[:, :, 4:8], -5, axis=1)
    case(lab, cord=aside, lesion=np.zeros_like(CORD))
    answer = lab.convert()
    quality = {row["case"]: row for row in read_table(answer.folder / "qc.tsv")}
    said = quality[CASE]["unusual"]
    assert "the cord mask steps aside by 5.0 mm at slice " in said
    assert quality[CASE]["cord_step_mm"] == "5.00"
    assert "aside" not in quality["site_sub-9_T2w"]["unusual"]
    assert "the cord mask steps aside by 5.0 mm" in (answer.folder / "qc.html").read_text(encoding="utf-8")
