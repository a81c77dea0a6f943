import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.evaluation.centreline import CentrelineMetrics, centreline_metrics
from nnunet_ext.evaluation.overlap import BoolArray
from nnunet_ext.evaluation.surface import Spacing
from tests.evaluation.shapes import blank, block, turned
from tests.strategies import ORDERS, masks

CORD = block((4, 7), (4, 7), (0, 10))


def test_a_cord_moved_by_a_voxel_is_off_by_its_size_and_still_found() -> None:
    moved = block((5, 8), (4, 7), (0, 10))
    found = centreline_metrics(CORD, moved, (0.5, 0.7, 4.0), 2)
    assert (found.error_mm, found.localisation_rate) == pytest.approx((0.5, 1.0))


def test_a_cord_beside_the_reference_is_found_nowhere() -> None:
    beside = block((8, 11), (4, 7), (0, 10))
    found = centreline_metrics(CORD, beside, (0.5, 0.7, 4.0), 2)
    assert (found.error_mm, found.localisation_rate) == pytest.approx((2.0, 0.0))


def test_slices_without_prediction_count_as_not_found_and_have_no_error() -> None:
    short = block((5, 8), (4, 7), (0, 4))
    found = centreline_metrics(CORD, short, (1, 1, 4), 2)
    assert (found.error_mm, found.localisation_rate) == pytest.approx((1.0, 0.4))


def test_predicted_slices_beyond_the_reference_do_not_count() -> None:
    long = block((4, 7), (4, 7), (0, 12))
    assert centreline_metrics(CORD, long, (1, 1, 4), 2) == CentrelineMetrics(0.0, 1.0)


def test_a_predicted_line_of_single_voxels_serves_as_well() -> None:
    assert centreline_metrics(CORD, block((5, 6), (5, 6), (0, 10)), (1, 1, 1), 2) == CentrelineMetrics(0.0, 1.0)


def test_the_centre_of_a_hollow_cord_is_not_in_it() -> None:
    hollow = CORD & ~block((5, 6), (5, 6), (0, 10))
    assert centreline_metrics(hollow, hollow, (1, 1, 1), 2) == CentrelineMetrics(0.0, 0.0)


def test_empty_masks() -> None:
    nothing = centreline_metrics(blank(), CORD, (1, 1, 1), 2)
    assert math.isnan(nothing.error_mm)
    assert math.isnan(nothing.localisation_rate)
    missed = centreline_metrics(CORD, blank(), (1, 1, 1), 2)
    assert math.isnan(missed.error_mm)
    assert missed.localisation_rate == 0


@given(masks(), masks(), ORDERS, st.integers(0, 2), st.floats(0.3, 4))
def test_turning_changes_nothing_and_the_error_scales(
    reference: BoolArray, prediction: BoolArray, axes: list[int], flipped: int, factor: float
) -> None:
    spacing: Spacing = (0.5, 0.7, 4.0)
    larger: Spacing = (spacing[axes[0]] * factor, spacing[axes[1]] * factor, spacing[axes[2]] * factor)
    found = centreline_metrics(reference, prediction, spacing, 2)
    again = centreline_metrics(
        turned(reference, axes, flipped), turned(prediction, axes, flipped), larger, axes.index(2)
    )
    assert again.error_mm == pytest.approx(found.error_mm * factor, nan_ok=True, abs=1e-9)
    assert again.localisation_rate == pytest.approx(found.localisation_rate, nan_ok=True)
    assert math.isnan(found.localisation_rate) or 0 <= found.localisation_rate <= 1
