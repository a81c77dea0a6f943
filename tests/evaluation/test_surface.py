import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import ndimage

from nnunet_ext.core.volume import Volume
from nnunet_ext.evaluation.overlap import BoolArray
from nnunet_ext.evaluation.surface import Spacing, SurfaceMetrics, border_voxels, surface_metrics
from tests.evaluation.shapes import blank, block, turned
from tests.strategies import ORDERS, SPACINGS, masks


def test_two_single_voxels_are_as_far_apart_as_their_centres() -> None:
    one, other = block((2, 3), (2, 3), (2, 3)), block((2, 3), (2, 3), (5, 6))
    found = surface_metrics(one, other, (0.5, 0.5, 4.0), 1.0)
    assert found == SurfaceMetrics(nsd=0.0, assd=12.0, hd95=12.0)


def test_a_block_that_lost_a_slice_by_hand() -> None:
    # 3 x 3 x 3 and its first two slices, by 1 mm: 26 and 18 border voxels; the lost slice's nine lie 1 mm away, and
    # the middle of the block's middle slice, which only became border by the loss, lies 1 mm inside.
    whole, shorter = block((2, 5), (2, 5), (2, 5)), block((2, 5), (2, 5), (2, 4))
    found = surface_metrics(whole, shorter, (1, 1, 1), 0.5)
    assert found.nsd == pytest.approx((17 + 17) / (26 + 18))
    assert found.assd == pytest.approx((9 + 1) / (26 + 18))
    assert found.hd95 == 1.0


@pytest.mark.parametrize(("tolerance", "nsd"), [(0.89, 0.0), (0.9, 1.0)])
def test_a_distance_of_exactly_the_tolerance_is_within_it(tolerance: float, nsd: float) -> None:
    one, other = block((2, 3), (2, 3), (2, 3)), block((2, 3), (2, 3), (5, 6))
    assert surface_metrics(one, other, (0.3, 0.3, 0.3), tolerance).nsd == nsd


def test_a_distance_of_the_tolerance_in_a_32_bit_header_is_within_it() -> None:
    # Voxels of 1 mm in an s-form that is turned by 5 degrees are 1.00000002 mm long.
    turn = np.radians(5)
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    spacing = Volume(np.zeros((1, 1, 1)), affine.astype(np.float32).astype(np.float64)).spacing
    assert max(spacing) > 1
    whole, longer = block((2, 6), (2, 6), (2, 6)), block((2, 7), (2, 6), (2, 6))
    assert surface_metrics(whole, longer, spacing, 1.0).nsd == surface_metrics(whole, longer, (1, 1, 1), 1.0).nsd == 1.0


def test_the_edge_of_the_image_counts_as_outside() -> None:
    assert len(border_voxels(np.ones((3, 3, 3), dtype=np.bool_))) == 26


@pytest.mark.parametrize("pair", [(blank(), blank()), (blank(), block((1, 2))), (block((1, 2)), blank())])
def test_an_empty_mask_has_no_distance(pair: tuple[BoolArray, BoolArray]) -> None:
    found = surface_metrics(*pair, (1, 1, 1), 1.0)
    assert all(math.isnan(value) for value in (found.nsd, found.assd, found.hd95))


@given(masks(), masks(), SPACINGS, st.sampled_from([0.5, 1.0, 2.0]))
def test_it_is_what_distance_transforms_of_the_whole_image_give(
    one: BoolArray, other: BoolArray, spacing: Spacing, tolerance: float
) -> None:
    assume(one.any() and other.any())
    found = surface_metrics(one, other, spacing, tolerance)
    assert astuple(found) == pytest.approx(_reloaded(one, other, spacing, tolerance))


@given(masks(), masks(), SPACINGS)
def test_it_is_symmetric_and_bounded(one: BoolArray, other: BoolArray, spacing: Spacing) -> None:
    assume(one.any() and other.any())
    there, back = surface_metrics(one, other, spacing, 1.0), surface_metrics(other, one, spacing, 1.0)
    assert astuple(there) == pytest.approx(astuple(back))
    assert 0 <= there.nsd <= 1
    assert there.assd >= 0
    assert 0 <= there.hd95 <= np.linalg.norm(np.asarray(spacing) * 5) + 1e-9


@given(masks(), masks(), SPACINGS, ORDERS, st.integers(0, 2))
def test_turning_masks_and_spacing_together_changes_nothing(
    one: BoolArray, other: BoolArray, spacing: Spacing, axes: list[int], flipped: int
) -> None:
    assume(one.any() and other.any())
    spacing_turned = (spacing[axes[0]], spacing[axes[1]], spacing[axes[2]])
    found = surface_metrics(turned(one, axes, flipped), turned(other, axes, flipped), spacing_turned, 1.0)
    assert astuple(found) == pytest.approx(astuple(surface_metrics(one, other, spacing, 1.0)))


@given(masks(), masks(), SPACINGS, st.sampled_from([0.5, 2.0, 3.0]))
def test_distances_scale_with_the_spacing(one: BoolArray, other: BoolArray, spacing: Spacing, factor: float) -> None:
    assume(one.any() and other.any())
    larger = (spacing[0] * factor, spacing[1] * factor, spacing[2] * factor)
    small, large = surface_metrics(one, other, spacing, 1.0), surface_metrics(one, other, larger, factor)
    assert astuple(large) == pytest.approx((small.nsd, small.assd * factor, small.hd95 * factor))


@given(masks(), SPACINGS)
def test_a_mask_is_no_distance_from_itself(mask: BoolArray, spacing: Spacing) -> None:
    assume(mask.any())
    assert surface_metrics(mask, mask, spacing, 0.0) == SurfaceMetrics(1.0, 0.0, 0.0)


def astuple(found: SurfaceMetrics) -> tuple[float, float, float]:
    return found.nsd, found.assd, found.hd95


def _reloaded(one: BoolArray, other: BoolArray, spacing: Spacing, tolerance: float) -> tuple[float, float, float]:
    """Spell out MetricsReloaded's definitions (pairwise_measures: border_distance, normalised_surface_distance,
    measured_distance), on the whole image."""
    borders = [mask & ~ndimage.binary_erosion(mask) for mask in (one, other)]
    maps: list[npt.NDArray[np.float64]] = [
        np.asarray(ndimage.distance_transform_edt(~border, sampling=spacing)) for border in borders
    ]
    of_other, of_one = maps[0][borders[1]], maps[1][borders[0]]
    every = np.concatenate([of_other, of_one])
    hd95 = max(np.percentile(of_other, 95), np.percentile(of_one, 95))
    return float((every <= tolerance * (1 + 1e-9)).mean()), float(every.mean()), float(hd95)
