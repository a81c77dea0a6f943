import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from nnunet_ext.core.volume import Volume
from nnunet_ext.evaluation.overlap import BoolArray
from nnunet_ext.evaluation.preset import PANOPTICA, PRESETS
from nnunet_ext.evaluation.region import MetricGrid, Scoring, grid_of, score_region
from nnunet_ext.evaluation.rows import RegionMetrics
from tests.evaluation.shapes import LESION, SPECK, blank, block
from tests.strategies import ANGLES, Triple, masks

GRID = MetricGrid((0.5, 0.5, 4.0), 1.0, 2)


def score(reference: BoolArray, prediction: BoolArray, scoring: Scoring, region: str = "lesion") -> RegionMetrics:
    return score_region(reference, prediction, GRID, scoring, names=("c", "s", region))[0]


def values(row: RegionMetrics) -> dict[str, float]:
    texts = ("case", "site", "region")
    return {name: math.nan if value is None else value for name, value in asdict(row).items() if name not in texts}


@given(masks(), masks(), ANGLES, st.sampled_from(sorted(PRESETS)), st.sampled_from(["sc", "lesion"]))
def test_a_scanner_table_turned_in_a_32_bit_header_changes_no_metric(
    reference: BoolArray, prediction: BoolArray, angles: Triple, name: str, region: str
) -> None:
    straight = np.diag([1.0, 1.0, 3.0, 1.0])
    rotation = np.eye(4)
    rotation[:3, :3] = Rotation.from_euler("xyz", angles).as_matrix()
    affine = (rotation @ straight).astype(np.float32).astype(np.float64)
    scored = [
        score_region(
            reference, prediction, grid_of(Volume(reference, of)), Scoring(PRESETS[name]), names=("c", "s", region)
        )[0]
        for of in (straight, affine)
    ]
    assert values(scored[1]) == pytest.approx(values(scored[0]), rel=1e-5, nan_ok=True)


@given(masks(), masks(), st.sampled_from(sorted(PRESETS)), st.sampled_from(["sc", "lesion"]), st.integers(0, 3))
def test_a_larger_image_around_the_masks_changes_nothing(
    reference: BoolArray, prediction: BoolArray, name: str, region: str, margin: int
) -> None:
    scoring = Scoring(PRESETS[name])
    frame = ((margin, 0), (2, margin), (margin, 3))
    wide = score(np.pad(reference, frame), np.pad(prediction, frame), scoring, region)
    # Ties of one IoU are broken by place, and that stays.
    assert values(wide) == pytest.approx(values(score(reference, prediction, scoring, region)), nan_ok=True)


@given(masks(), masks(), st.sampled_from(sorted(PRESETS)))
def test_what_both_directions_share_is_symmetric(reference: BoolArray, prediction: BoolArray, name: str) -> None:
    ahead = values(score(reference, prediction, Scoring(PRESETS[name])))
    back = values(score(prediction, reference, Scoring(PRESETS[name])))
    exchanged = {"precision": "sensitivity", "ref_count": "pred_count", "ref_volume_mm3": "pred_volume_mm3"}
    for column in ("abs_vol_error_mm3", "rq"):
        assert ahead[column] == pytest.approx(back[column], nan_ok=True)
    if reference.any() and prediction.any():  # what an empty mask is worth may depend on which one it is
        for column in ("dsc", "nsd", "assd", "hd95"):
            assert ahead[column] == pytest.approx(back[column], nan_ok=True)
    for one, other in exchanged.items():
        assert ahead[one] == pytest.approx(back[other], nan_ok=True)


@pytest.mark.parametrize(
    ("name", "both", "reference", "prediction"),
    [
        ("sciseg2", (1, math.nan, math.nan, 0), (0, 0, math.nan, 100), (0, 0, math.nan, -100)),
        ("anima", (math.nan,) * 4, (math.nan,) * 4, (0, 0, math.nan, -100)),
        ("panoptica", (math.nan,) * 4, (0, 0, math.inf, math.nan), (0, 0, math.inf, math.nan)),
        ("gros2019", (math.nan,) * 4, (0, 0, math.nan, math.nan), (0, 0, math.nan, -100)),
    ],
)
def test_each_preset_has_its_value_for_empty_masks(
    name: str, both: tuple[float, ...], reference: tuple[float, ...], prediction: tuple[float, ...]
) -> None:
    scoring = Scoring(PRESETS[name])
    for expected, pair in [
        (both, (blank(), blank())),
        (reference, (blank(), LESION)),
        (prediction, (LESION, blank())),
    ]:
        row = score(*pair, scoring)
        assert (row.dsc, row.nsd, row.hd95, row.rel_vol_error) == pytest.approx(expected, nan_ok=True)
        assert row.assd == pytest.approx(row.hd95, nan_ok=True)


def test_a_lesion_free_case_is_clean_or_not() -> None:
    clean, invented, sick = (
        score(*pair, Scoring()) for pair in ((blank(), blank()), (blank(), SPECK), (LESION, blank()))
    )
    assert (clean.lesion_free_kept_clean, invented.lesion_free_kept_clean) == (1, 0)
    assert sick.lesion_free_kept_clean is None


@pytest.mark.parametrize(("covered", "detected"), [(5, 0), (6, 1)])
def test_six_cubic_millimetres_make_a_detection_under_every_preset(covered: int, detected: int) -> None:
    part = blank()
    part.flat[np.flatnonzero(LESION)[:covered]] = True
    row = score(LESION, part, Scoring(PANOPTICA))
    assert (row.lesions_detected_6mm3, row.detection_rate_6mm3) == (detected, detected)


def test_the_cord_has_a_centreline_and_no_lesions_and_a_lesion_the_reverse() -> None:
    cord, lesion = score(LESION, LESION, Scoring(), "sc"), score(LESION, LESION, Scoring())
    assert (cord.centreline_error_mm, cord.localisation_rate, cord.ref_count, cord.pq) == (0, 1, None, None)
    assert (lesion.centreline_error_mm, lesion.localisation_rate, lesion.ref_count, lesion.pq) == (None, None, 1, 1)


def test_each_lesion_of_either_side_has_a_row() -> None:
    _, rows = score_region(LESION | SPECK, block((2, 4), (2, 4), (1, 9)), GRID, Scoring(), names=("c", "s", "lesion"))
    found = [(row.side, row.lesion, row.volume_mm3, row.matched, row.overlap, row.iou) for row in rows]
    assert found == [
        ("reference", 1, 40.0, 1, pytest.approx(0.8), pytest.approx(0.8)),
        ("reference", 2, 2.0, 0, 0.0, 0.0),
        ("prediction", 1, 32.0, 1, 1.0, pytest.approx(0.8)),
    ]


def test_without_a_spacing_distances_are_missing_and_the_rest_stands() -> None:
    row = score_region(LESION, LESION, MetricGrid(None, 2.0), Scoring(), names=("c", "s", "sc"))[0]
    assert math.isnan(row.nsd)
    assert math.isnan(row.hd95)
    assert row.centreline_error_mm is None
    assert (row.dsc, row.ref_volume_mm3) == (1, 80)


@pytest.mark.parametrize(("axes", "expected"), [("LAS", 2), ("PSR", 1), ("IPR", 0)])
def test_the_axis_along_the_body_comes_from_the_affine(axes: str, expected: int) -> None:
    columns = {"R": (1, 0, 0), "L": (-1, 0, 0), "A": (0, 1, 0), "P": (0, -1, 0), "S": (0, 0, 1), "I": (0, 0, -1)}
    affine = np.eye(4)
    affine[:3, :3] = np.array([columns[letter] for letter in axes]).T * [0.5, 2.0, 3.0]
    grid = grid_of(Volume(blank(), affine))
    assert grid.slice_axis == expected
    assert grid.spacing == pytest.approx((0.5, 2.0, 3.0))
    assert grid.voxel_volume_mm3 == pytest.approx(3.0)
