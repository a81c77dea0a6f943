"""Cases from real files: what is scored, what is refused, and what is said of it."""

import gzip
from dataclasses import dataclass, replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.target import load_target
from nnunet_ext.core.volume import Affine, Array, Volume
from nnunet_ext.evaluation.evaluate_pair import CaseResult, Comparison, RegionResult, evaluate_pair
from nnunet_ext.evaluation.mask_files import CaseMaskFiles
from nnunet_ext.evaluation.pairs import CasePair
from nnunet_ext.evaluation.rows import RegionMetrics

AFFINE = np.diag([-0.5, 0.5, 4.0, 1.0])
LABELS = Labelling.of_target(load_target("cord-lesion"))
COMPARISON = Comparison(("sc", "lesion"), LABELS, LABELS)
IGNORE = 3


def cord() -> Array:
    labels = np.zeros((12, 14, 10), dtype=np.uint8)
    labels[3:9, 4:10] = 1
    labels[5:7, 6:8, 2:5] = 2
    return labels


def shorter() -> Array:
    labels = cord()
    labels[:, :, 8:] = 0
    labels[5:7, 6:8, 4] = 1
    return labels


@dataclass(frozen=True)
class Desk:
    """Writes masks and compares them."""

    folder: Path

    def write(self, name: str, labels: Array, affine: Affine = AFFINE) -> Path:
        write_mask(self.folder / f"{name}.nii.gz", labels, affine)
        return self.folder / f"{name}.nii.gz"

    def raw(self, name: str, data: Array, slope: float | None = None) -> Path:
        image = nib.Nifti1Image(data, AFFINE)
        if slope is not None:
            image.header.set_slope_inter(slope, 0)
        path = self.folder / f"{name}.nii.gz"
        nib.save(image, path)
        return path

    def compare(self, reference: Path, prediction: Path | None, comparison: Comparison = COMPARISON,
                may_be: frozenset[int] | None = None) -> CaseResult:  # fmt: skip
        found = None if prediction is None else CaseMaskFiles("c", prediction)
        pair = CasePair("c", CaseMaskFiles("c", reference), found, ignored_may_be=may_be)
        return evaluate_pair(pair, comparison)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def scored(result: RegionResult) -> RegionMetrics:
    assert result.metrics is not None, result
    return result.metrics


def test_the_cord_holds_its_lesion_and_volumes_are_in_mm3(desk: Desk) -> None:
    result = desk.compare(desk.write("r", cord()), desk.write("p", shorter()))
    sc, lesion = map(scored, result.regions)
    assert (result.status, result.reason, result.notes) == ("ok", "", ())
    assert (sc.ref_volume_mm3, sc.pred_volume_mm3) == (360, 288)
    assert (lesion.ref_volume_mm3, lesion.pred_volume_mm3) == (12, 8)
    assert (sc.hd95, lesion.hd95) == (8, 4)
    assert sc.localisation_rate == pytest.approx(0.8)


@pytest.mark.parametrize("axes", ["RAS", "PSR", "SLP"])
def test_a_prediction_saved_in_other_axes_is_turned_back_and_that_is_noted(desk: Desk, axes: str) -> None:
    turned = reorient(Volume(shorter(), AFFINE), axes)
    reference = desk.write("r", cord())
    plain = desk.compare(reference, desk.write("p", shorter()))
    again = desk.compare(reference, desk.write("t", np.ascontiguousarray(turned.data), turned.affine))
    assert [scored(region) for region in again.regions] == [scored(region) for region in plain.regions]
    assert again.notes == (f"prediction: axes turned from {axes} to LAS",)


def test_a_prediction_up_to_half_a_voxel_off_is_taken_and_the_distance_noted(desk: Desk) -> None:
    moved = AFFINE.copy()
    moved[0, 3] = 0.2
    result = desk.compare(desk.write("r", cord()), desk.write("p", cord(), moved))
    assert scored(result.regions[0]).dsc == 1
    assert result.notes == ("prediction: 0.200 mm off, the reference's affine adopted",)


def test_a_prediction_on_another_grid_is_refused_by_name(desk: Desk) -> None:
    moved = AFFINE.copy()
    moved[2, 3] = 4.0
    reference = desk.write("r", cord())
    for file in (desk.write("moved", cord(), moved), desk.write("cut", cord()[:, :, :-1])):
        result = desk.compare(reference, file)
        assert {region.status for region in result.regions} == {"refused"}
        assert file.name in result.reason
        assert str(desk.folder) not in result.reason
        assert "grid of the reference" in result.reason


@pytest.mark.parametrize("side", ["reference", "prediction"])
def test_what_is_no_label_map_is_refused_by_name_and_side(desk: Desk, side: str) -> None:
    strange = cord()
    strange[0, 0, 0] = 7
    broken = desk.write("truncated", cord())
    broken.write_bytes(broken.read_bytes()[:-20])
    unzipped = desk.folder / "short.nii"
    unzipped.write_bytes(gzip.decompress(desk.write("w", cord()).read_bytes())[:-50])
    bad = {
        desk.raw("soft", cord() * np.float32(0.4)): "soft",
        desk.raw("scaled", cord(), slope=0.5): "scaled",
        desk.raw("nan", np.where(cord() > 0, np.nan, 0).astype(np.float32)): "NaN",
        desk.write("strange", strange): "label 7",
        broken: "truncated.nii.gz",
        unzipped: "short.nii",
        desk.folder / "absent.nii.gz": "",
    }
    good = desk.write("good", cord())
    for file, said in bad.items():
        result = desk.compare(*((file, good) if side == "reference" else (good, file)))
        assert {region.status for region in result.regions} == {"refused"}, file
        assert result.reason.startswith(side)
        assert said in result.reason
        assert str(desk.folder) not in result.reason


def test_a_missing_prediction_has_rows_without_metrics_or_counts_as_empty(desk: Desk) -> None:
    reference = desk.write("r", cord())
    missing = desk.compare(reference, None)
    assert [(region.status, region.metrics) for region in missing.regions] == [("missing prediction", None)] * 2
    empty = desk.compare(reference, None, replace(COMPARISON, missing_as_empty=True))
    assert [scored(region).dsc for region in empty.regions] == [0, 0]
    assert "scored as an empty one" in empty.reason


def test_a_missing_reference_has_rows_without_metrics(desk: Desk) -> None:
    pair = CasePair("c", None, CaseMaskFiles("c", desk.write("p", cord())))
    assert [region.status for region in evaluate_pair(pair, COMPARISON).regions] == ["missing reference"] * 2


def test_a_cord_whose_lesion_nobody_annotated_is_scored_and_its_lesion_is_not(desk: Desk) -> None:
    reference = np.where(cord() > 0, IGNORE, 0).astype(np.uint8)
    result = desk.compare(desk.write("r", reference), desk.write("p", shorter()), may_be=frozenset({1, 2}))
    sc, lesion = result.regions
    assert scored(sc).ref_volume_mm3 == 360
    assert scored(sc).pred_volume_mm3 == 288
    assert (lesion.status, lesion.metrics) == ("not annotated", None)
    assert "nobody annotated lesion" in lesion.reason


def test_a_cord_that_nobody_annotated_leaves_the_lesion_known(desk: Desk) -> None:
    reference = np.where(cord() == 2, 2, IGNORE).astype(np.uint8)
    result = desk.compare(desk.write("r", reference), desk.write("p", shorter()), may_be=frozenset({0, 1}))
    sc, lesion = result.regions
    assert sc.status == "not annotated"
    assert scored(lesion).ref_volume_mm3 == 12


def test_ignored_voxels_are_left_out_of_both_masks_and_their_number_is_told(desk: Desk) -> None:
    reference = cord()
    reference[:, :, 8:] = IGNORE  # a slab that somebody marked, where the prediction has no cord
    result = desk.compare(desk.write("r", reference), desk.write("p", shorter()))
    sc, lesion = result.regions
    assert scored(sc).dsc == 1
    assert scored(sc).ref_volume_mm3 == 288
    assert f"{12 * 14 * 2} voxels that nobody annotated" in sc.reason
    assert scored(lesion).ref_volume_mm3 == 12


def test_a_prediction_may_not_hold_the_ignore_label(desk: Desk) -> None:
    strange = cord()
    strange[0, 0, 0] = IGNORE
    result = desk.compare(desk.write("r", cord()), desk.write("p", strange))
    assert "prediction: p.nii.gz holds label 3" in result.reason


def masks_of(desk: Desk, name: str, labels: Array, value: int = 1) -> CaseMaskFiles:
    return CaseMaskFiles(
        "c", None,
        (("sc", desk.write(f"{name}_seg", (labels > 0) * np.uint8(value))),
         ("lesion", desk.write(f"{name}_lesion", (labels == 2) * np.uint8(value)))),
    )  # fmt: skip


def test_masks_of_regions_score_as_the_label_map_does(desk: Desk) -> None:
    mapped = desk.compare(desk.write("r", cord()), desk.write("p", shorter()))
    pair = CasePair("c", masks_of(desk, "ref", cord()), masks_of(desk, "pred", shorter(), 255))
    assert [scored(region) for region in evaluate_pair(pair, COMPARISON).regions] == [
        scored(region) for region in mapped.regions
    ]


def test_lesion_voxels_outside_the_cord_count_as_cord_and_that_is_noted(desk: Desk) -> None:
    pred = desk.write("p_seg", np.zeros_like(cord())), desk.write("p_lesion", (cord() == 2).astype(np.uint8))
    side = CaseMaskFiles("c", None, (("sc", pred[0]), ("lesion", pred[1])))
    result = evaluate_pair(CasePair("c", masks_of(desk, "ref", cord()), side), COMPARISON)
    assert scored(result.regions[0]).pred_volume_mm3 == 12
    assert result.notes == ("prediction: 12 voxels of lesion outside sc count as sc too",)


def test_soft_masks_need_a_threshold(desk: Desk) -> None:
    soft = desk.raw("soft_seg", (cord() > 0) * np.float32(0.6))
    prediction = CaseMaskFiles("c", None, (("sc", soft),))
    pair = CasePair("c", CaseMaskFiles("c", desk.write("r", cord())), prediction)
    comparison = replace(COMPARISON, regions=("sc",))
    assert "set a threshold" in evaluate_pair(pair, comparison).reason
    cut = evaluate_pair(pair, replace(comparison, threshold=0.5))
    assert scored(cut.regions[0]).dsc == 1
    assert any("cut above 0.5" in note for note in cut.notes)
    high = evaluate_pair(pair, replace(comparison, threshold=0.7))
    assert scored(high.regions[0]).dsc == 0


def test_a_region_that_one_case_lacks_is_named(desk: Desk) -> None:
    only_cord = CaseMaskFiles("c", None, masks_of(desk, "pred", cord()).regions[:1])
    result = evaluate_pair(CasePair("c", masks_of(desk, "ref", cord()), only_cord), COMPARISON)
    assert [region.status for region in result.regions] == ["ok", "missing prediction"]
    assert result.reason == "no predicted mask of lesion"


def test_a_label_map_under_the_name_of_one_region_is_refused(desk: Desk) -> None:
    mapped = CaseMaskFiles("c", None, (("sc", desk.write("map_seg", cord())),))
    result = evaluate_pair(CasePair("c", mapped, mapped), replace(COMPARISON, regions=("sc",)))
    assert "one value besides 0, found 1, 2" in result.reason
