"""Every measure against shapes whose values are known, on grids of every kind."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from nnunet_ext.classification.measures.levels import VERTEBRA_MM
from nnunet_ext.classification.measures.measure_case import CaseMeasures, measure_case
from nnunet_ext.classification.measures.measure_dictionary import entries, measure_dictionary
from nnunet_ext.classification.measures.patient_measures import measure_cells, patient_measures
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Volume
from nnunet_ext.evaluation.biomarkers.measure_case import measure_case as biomarkers_of
from nnunet_ext.evaluation.biomarkers.measured_case import CaseStatus, MeasuredCase, MeasuredLesion
from nnunet_ext.evaluation.biomarkers.write_measures import lesion_row
from tests.classification.measures.scenes import EIGHT, HALVES, Ellipsoid, Point, Scene, scene

GRIDS: list[Point] = [(0.5, 0.5, 1.0), (0.7, 0.7, 5.0), (3.3, 0.5, 0.5), (1.0, 1.0, 1.0)]
LATERAL = Ellipsoid((3.0, 0.0, 0.0))
DORSAL = Ellipsoid((0.0, -2.5, 20.0), (2.0, 1.5, 12.0))


def measured(drawn: Scene, *, with_levels: bool = True) -> dict[str, float]:
    levels = drawn.levels if with_levels else None
    found = measure_case("a", drawn.lesion, drawn.cord, {"T2w": drawn.image}, levels=levels).values
    return {name: np.nan if value is None else value for name, value in found.items()}


def lost_tips(spacing: Point, lesion: Ellipsoid) -> float:
    """Say which share of its length lies between the middle and a column of voxels at most, half a voxel away."""
    return float(1 - np.sqrt(1 - ((np.array(spacing) / 2 / lesion.halves)[:2] ** 2).sum()))


@pytest.mark.parametrize("axes", EIGHT)
def test_no_measure_depends_on_how_the_file_orders_its_axes(axes: str) -> None:
    drawn = scene(LATERAL, Ellipsoid((-2.0, 1.5, 30.0)), spacing=(0.8, 0.6, 1.5), lean=(0.1, 0.2))
    expected = measured(drawn)
    assert not np.isnan(list(expected.values())).any()
    assert measured(drawn.turned(axes)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("spacing", GRIDS)
def test_number_and_size_are_those_of_the_ellipsoids_on_every_grid(spacing: Point) -> None:
    across, depth = 4.5, 3.5
    short, long = (Ellipsoid((0.0, 0.0, z), (across, depth, half)) for z, half in ((-10.0, 10.0), (30.0, 15.0)))
    found = measured(scene(short, long, spacing=spacing))
    voxels = spacing[0] / across + spacing[1] / depth  # what a border half a voxel off changes
    share = across * depth / np.prod(HALVES)
    tips = lost_tips(spacing, long)
    assert found["n_lesions"] == 2
    assert found["total_volume_mm3"] == pytest.approx(4 / 3 * pi * across * depth * 25, rel=voxels / 4)
    assert found["largest_volume_mm3"] == pytest.approx(4 / 3 * pi * across * depth * 15, rel=voxels / 4)
    assert found["total_length_mm"] == pytest.approx(50, abs=2 * spacing[2] + 50 * tips)
    assert found["longest_mm"] == pytest.approx(30, abs=spacing[2] + 30 * tips)
    assert found["longest_vertebrae"] == pytest.approx(30 / 20, abs=(spacing[2] + 30 * tips) / 20)
    assert found["largest_section_share"] == pytest.approx(share, rel=voxels / 4)
    # Mean over a lesion's slices of 1 - (z / c)^2 is two thirds.
    assert found["mean_section_share"] == pytest.approx(2 / 3 * share, rel=voxels / 4)


@pytest.mark.parametrize("lean", [(0.0, 0.0), (0.15, 0.3)])
@pytest.mark.parametrize("spacing", GRIDS)
def test_a_lesion_lies_where_it_was_put_in_half_diameters(spacing: Point, lean: tuple[float, float]) -> None:
    aside, behind = (0.01 + step / 2 / half for step, half in zip(spacing[:2], HALVES, strict=True))
    found = measured(scene(LATERAL, spacing=spacing, lean=lean))
    assert found["lateral_position"] == pytest.approx(3 / HALVES[0], abs=aside)
    assert found["dorsal_position"] == pytest.approx(0, abs=0.01)
    assert found["eccentricity"] == pytest.approx(3 / HALVES[0], abs=aside)
    found, end = measured(scene(DORSAL, spacing=spacing, lean=lean)), spacing[2] + 12 * lost_tips(spacing, DORSAL)
    assert found["dorsal_position"] == pytest.approx(2.5 / HALVES[1], abs=behind)
    assert found["lateral_position"] == pytest.approx(0, abs=0.01)
    assert found["centre_fraction"] == pytest.approx((60 - 20) / 120, abs=0.01)
    assert found["top_fraction"] == pytest.approx((60 - 32) / 120, abs=end / 120)
    assert found["bottom_fraction"] == pytest.approx((60 - 8) / 120, abs=end / 120)
    assert found["centre_level"] == pytest.approx(3 + 40 / 20, abs=0.06)


def test_the_rows_of_biomarkers_give_the_sizes_that_the_masks_have() -> None:
    outside = Ellipsoid((11.0, 0.0, 0.0), (1.0, 1.0, 3.0))
    drawn = scene(LATERAL, Ellipsoid((-3.0, 0.0, 30.0)), outside, lean=(0.1, 0.2))
    lesions = biomarkers_of(drawn.lesion, drawn.cord.data).lesions
    case = MeasuredCase("a", CaseStatus.MEASURED)
    rows = [lesion_row(case, MeasuredLesion(lesion)) for lesion in lesions]
    by_rows = measure_case("a", drawn.lesion, drawn.cord, {}, rows=rows).values
    by_masks = measure_case("a", drawn.lesion, drawn.cord, {}).values
    assert len(rows) == 3
    assert by_rows["n_lesions"] == 2
    sizes = ["n_lesions", "total_volume_mm3", "largest_volume_mm3", "total_length_mm", "longest_mm"]
    assert [by_rows[name] for name in sizes] == pytest.approx([by_masks[name] for name in sizes], rel=0.01)


@pytest.mark.parametrize(("volume", "said"), [("n/a", "volume_mm3 was needed"), ("big", "found 'big'")])
def test_a_row_without_a_volume_is_refused_by_case_and_lesion(volume: str, said: str) -> None:
    drawn = scene(LATERAL)
    rows = [{"case": "a", "lesion": "2", "status": "measured", "volume_mm3": volume, "length_mm": "3"}]
    with pytest.raises(DataRefusedError, match=f"biomarkers of a, lesion 2.*{said}"):
        measure_case("a", drawn.lesion, drawn.cord, {}, rows=rows)


def test_a_ventral_lesion_lies_in_front_and_two_sides_do_not_cancel() -> None:
    found = measured(scene(Ellipsoid((0.0, 2.5, 0.0))))
    assert found["dorsal_position"] == pytest.approx(-2.5 / HALVES[1], abs=0.03)
    both = measured(scene(Ellipsoid((3.5, 0.0, 0.0)), Ellipsoid((-3.5, 0.0, 0.0))))
    assert both["n_lesions"] == 2
    assert both["lateral_position"] == pytest.approx(3.5 / HALVES[0], abs=0.03)


def test_the_share_in_the_inner_half_tells_central_from_peripheral() -> None:
    whole = Ellipsoid(halves=(6.4, 4.4, 40.0))
    assert measured(scene(Ellipsoid(halves=(2.0, 1.5, 10.0))))["central_share"] == 1
    assert measured(scene(Ellipsoid((4.5, 0.0, 0.0), (1.0, 1.0, 10.0))))["central_share"] == 0
    assert 0.25 < measured(scene(whole))["central_share"] < 0.5


def test_a_leaning_cord_makes_a_lesion_longer_than_its_slices() -> None:
    straight, leaning = (measured(scene(LATERAL, lean=lean)) for lean in ((0.0, 0.0), (0.3, 0.4)))
    assert leaning["longest_mm"] == pytest.approx(straight["longest_mm"] * np.sqrt(1 + 0.25), rel=0.01)
    assert leaning["swelling"] == pytest.approx(straight["swelling"], abs=0.01)


@pytest.mark.parametrize("spacing", GRIDS)
@pytest.mark.parametrize("swollen", [0.8, 1.0, 1.3])
def test_swelling_is_the_ratio_of_sections(spacing: Point, swollen: float) -> None:
    found = measured(scene(LATERAL, spacing=spacing, swollen=swollen))
    voxels = spacing[0] / HALVES[0] + spacing[1] / HALVES[1]
    assert found["swelling"] == pytest.approx(swollen**2, rel=0.01 + voxels / 3)
    assert (found["swelling"] > 1) == (swollen > 1)


def test_swelling_needs_cord_beside_the_lesion_and_takes_one_side_where_there_is_only_one() -> None:
    at_the_top = measured(scene(Ellipsoid((0.0, 0.0, 40.0), (4.0, 3.0, 30.0))))
    assert at_the_top["swelling"] == pytest.approx(1, abs=0.02)
    assert np.isnan(measured(scene(Ellipsoid(halves=(4.0, 3.0, 58.0))))["swelling"])


@pytest.mark.parametrize("bright", [-4.0, 0.0, 6.0])
def test_contrast_is_told_in_spreads_of_the_cord_whatever_the_gain(bright: float) -> None:
    drawn = scene(Ellipsoid(halves=(4.0, 3.0, 15.0)), bright=bright)
    found = measured(drawn)
    assert found["contrast_T2w"] == pytest.approx(bright, abs=0.15)
    assert found["heterogeneity_T2w"] == pytest.approx(1, abs=0.1)
    assert found["bright_share_T2w"] == pytest.approx(float(bright > 3), abs=0.01)
    assert found["dark_share_T2w"] == pytest.approx({-4.0: 0.84}.get(bright, 0), abs=0.05)
    scaled = measured(replace(drawn, image=drawn.image * 7.5 - 300))
    assert scaled == pytest.approx(found, rel=1e-9, nan_ok=True)


def test_a_slope_is_less_sharp_than_a_step_and_a_lesion_like_the_cord_has_no_border() -> None:
    wide = Ellipsoid(halves=(5.0, 3.5, 20.0))
    step, short, long = (measured(scene(wide, bright=20, blur_mm=mm))["sharpness_T2w"] for mm in (0.0, 0.75, 2.0))
    assert step == pytest.approx(1, abs=0.05)
    assert step > short + 0.1 > long + 0.2
    assert np.isnan(measured(scene(wide, bright=0))["sharpness_T2w"])


def test_noise_in_the_lesion_alone_is_heterogeneity() -> None:
    drawn = scene(Ellipsoid(halves=(4.0, 3.0, 15.0)))
    noise = np.random.default_rng(1).normal(size=drawn.image.shape)
    image = np.where(drawn.lesion.data > 0, drawn.image + 3 * noise, drawn.image)
    assert measured(replace(drawn, image=image))["heterogeneity_T2w"] == pytest.approx(np.sqrt(10), rel=0.1)


def test_enhancement_is_what_gadolinium_adds_and_without_a_plain_image_what_it_shows() -> None:
    lesion = Ellipsoid(halves=(4.0, 3.0, 15.0))
    plain, gadolinium = scene(lesion, bright=-2, seed=1), scene(lesion, bright=5, seed=2)
    images = {"T1w": plain.image, "T1w-gad": gadolinium.image}
    both = measure_case("a", plain.lesion, plain.cord, images)
    alone = measure_case("a", plain.lesion, plain.cord, {"T1w-gad": gadolinium.image})
    neither = measure_case("a", plain.lesion, plain.cord, {"T1w": plain.image})
    assert both.values["enhancement"] == pytest.approx(7, abs=0.2)
    assert alone.values["enhancement"] == pytest.approx(5, abs=0.2)
    assert any("no T1w" in note for note in alone.notes)
    assert not any("no T1w" in note for note in both.notes)
    assert "enhancement" not in neither.values


def test_levels_cut_off_by_the_image_count_as_high_as_the_others() -> None:
    drawn = scene(Ellipsoid((0.0, 0.0, 50.0), (2.0, 1.5, 9.5)))
    cut = np.indices(drawn.cord.data.shape)[2] > 114  # 5 mm of 20 of the first vertebra are gone
    cord = replace(drawn.cord, data=np.where(cut, 0, drawn.cord.data))
    levels = np.where(cut, 0, drawn.levels)
    lesion = replace(drawn.lesion, data=np.where(cut, 0, drawn.lesion.data))
    found = measure_case("a", lesion, cord, {}, levels=levels).values
    seen = np.flatnonzero(lesion.data.any(axis=(0, 1)))
    assert found["longest_vertebrae"] == pytest.approx(len(seen) / 20, abs=0.02)
    assert found["centre_level"] == pytest.approx(3 + (60 - 47.5) / 20, abs=0.15)


def test_without_levels_a_mean_vertebra_is_taken_and_said() -> None:
    drawn = scene(LATERAL)
    found = measure_case("a", drawn.lesion, drawn.cord, {})
    longest = found.values["longest_mm"]
    assert longest is not None
    assert found.values["longest_vertebrae"] == longest / VERTEBRA_MM
    assert found.values["centre_level"] is None
    assert "levels not known" in found.notes[0]


def test_no_lesion_has_sizes_of_0_and_no_place() -> None:
    found = measure_case("a", scene().lesion, scene().cord, {"T2w": scene().image}).values
    assert {name for name, value in found.items() if value == 0} == {
        *("n_lesions", "total_volume_mm3", "largest_volume_mm3", "total_length_mm", "longest_mm", "longest_vertebrae"),
        *("largest_section_share", "mean_section_share"),
    }
    assert {value for value in found.values() if value} == set()


@pytest.mark.parametrize("empty", [False, True])
def test_without_a_cord_only_number_and_volume_are_known(empty: bool) -> None:
    drawn = scene(LATERAL)
    cord = replace(drawn.cord, data=np.zeros_like(drawn.cord.data)) if empty else None
    found = measure_case("a", drawn.lesion, cord, {"T2w": drawn.image})
    known = {name for name, value in found.values.items() if value is not None}
    assert known == {"n_lesions", "total_volume_mm3", "largest_volume_mm3"}
    assert found.values["total_volume_mm3"] == measured(drawn)["total_volume_mm3"]
    assert found.notes == ("no cord: count and volumes only",)


def test_a_lesion_outside_the_cord_is_none() -> None:
    found = measured(scene(LATERAL, Ellipsoid((11.0, 0.0, 0.0), (1.0, 1.0, 3.0))))
    assert found["n_lesions"] == 1


def test_an_image_on_another_grid_is_refused_by_name() -> None:
    drawn = scene(LATERAL)
    with pytest.raises(DataRefusedError, match="b: T2w on the grid of the lesion mask"):
        measure_case("b", drawn.lesion, drawn.cord, {"T2w": drawn.image[1:]})
    with pytest.raises(DataRefusedError, match="one grid"):
        measure_case("b", drawn.lesion, replace(drawn.cord, data=drawn.cord.data[1:]), {})


@pytest.mark.parametrize("part", ["one voxel", "one slice", "all", "constant"])
def test_the_smallest_and_the_plainest_cases_give_finite_values_or_none(part: str) -> None:
    data = np.zeros((5, 5, 5), dtype=np.uint8)
    data[(2, 2, 2) if part == "one voxel" else (..., 2) if part == "one slice" else ...] = 1
    lesion = Volume(data, np.eye(4))
    cord = lesion if part != "constant" else Volume(np.ones_like(data), np.eye(4))
    values = measure_case("a", lesion, cord, {"T2w": gaussian_filter(data * 1.0, 1) * (part != "constant")}).values
    assert values["n_lesions"] == 1
    assert all(np.isfinite(value) for value in values.values() if value is not None)
    assert values["contrast_T2w"] is None


def test_every_value_has_its_column_in_the_dictionary_and_every_column_a_meaning() -> None:
    drawn = scene(LATERAL)
    images = dict.fromkeys(("T2w", "T1w", "T1w-gad"), drawn.image)
    columns = measure_dictionary(images)
    names = [column.name for column in columns]
    assert len(set(names)) == len(names)
    values = measure_case("a", drawn.lesion, drawn.cord, images, levels=drawn.levels).values
    assert {*values, "age_years", "female"} == set(names)
    assert all(entry["Description"] and entry["Missing"] for entry in entries(columns).values())


def test_of_several_cases_the_one_with_most_lesion_speaks_and_the_next_fills_in() -> None:
    small = CaseMeasures("a", {"total_volume_mm3": 10.0, "n_lesions": 3.0, "contrast_T2w": 1.0, "enhancement": 4.0})
    large = CaseMeasures("b", {"total_volume_mm3": 20.0, "n_lesions": 1.0, "contrast_T2w": 2.0, "enhancement": None})
    columns = ["n_lesions", "contrast_T2w", "enhancement", "swelling", "age_years", "female"]
    expected = {"n_lesions": 1, "contrast_T2w": 2, "enhancement": 4, "swelling": None, "age_years": 41.5, "female": 1}
    for cases in ([small, large], [large, small]):
        row = patient_measures(cases, columns, 41.5, "F")
        assert row == expected
    assert measure_cells(row)["swelling"] == "n/a"
    assert patient_measures([], ["age_years", "female"], sex="M") == {"age_years": None, "female": 0}
