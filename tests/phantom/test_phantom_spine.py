import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.phantom.levels import Size, size_at
from nnunet_ext.phantom.spine import Deformation, Spine, build_spine, draw_build
from tests.strategies import SEEDS

C5, T6 = 4.5, 12.5


def spine_of(seed: int, *deformations: Deformation) -> Spine:
    return build_spine(draw_build(np.random.default_rng(seed)), deformations)


def width_at(spine: Spine, level: float) -> float:
    return float(2 * spine.cord_half_width[spine.index(np.array(spine.build.arc_at(level)))])


def test_the_table_agrees_with_published_cord_diameters() -> None:
    # Frostell et al. 2016: segment C5 lies behind C4-C5, T8 behind T7, L3 behind T11-T12.
    levels = np.array([4.0, 13.5, 18.0])
    np.testing.assert_allclose(size_at(Size.CORD_WIDTH, levels), [13.3, 8.3, 9.4], atol=1.0)
    np.testing.assert_allclose(size_at(Size.CORD_DEPTH, levels), [7.4, 6.3, 7.5], atol=1.0)


def test_the_cord_is_about_13_mm_wide_at_c5_and_differs_between_patients() -> None:
    widths = np.array([width_at(spine_of(seed), C5) for seed in range(60)])
    assert 12 < np.median(widths) < 14.2
    assert widths.min() > 9.5
    assert widths.max() < 17.5
    assert widths.std() > 0.5


@given(SEEDS)
def test_the_cord_is_widest_in_the_neck_and_ends_at_the_conus(seed: int) -> None:
    spine = spine_of(seed)
    assert width_at(spine, C5) > width_at(spine, T6)
    assert not spine.cord_half_depth[spine.arc > spine.conus].any()
    assert 18 < spine.build.conus_level <= 21


@given(SEEDS, st.floats(-5, 24.9))
def test_arc_length_and_level_are_each_others_inverse(seed: int, level: float) -> None:
    build = draw_build(np.random.default_rng(seed))
    assert build.levels_at(np.array(build.arc_at(level))) == pytest.approx(level, abs=1e-9)


@given(SEEDS, st.floats(0, 5), st.floats(0, 4), st.floats(-0.3, 0.8))
def test_the_cord_never_leaves_the_sac_whatever_presses_on_it(
    seed: int, from_front: float, from_back: float, swelling: float
) -> None:
    spine = spine_of(seed, Deformation(70.0, 5.0, swelling, swelling, from_front, from_back))
    neck = (spine.arc > 0) & (spine.arc < spine.conus)
    middle, room = (spine.sac_front + spine.sac_back) / 2, (spine.sac_front - spine.sac_back) / 2
    beyond_depth = np.abs(spine.cord_front - middle) + spine.cord_half_depth - room
    beyond_width = np.abs(spine.cord_right) + spine.cord_half_width - spine.sac_half_width
    assert beyond_depth[neck].max() < 0
    assert beyond_width[neck].max() < 0


def test_a_stenosis_flattens_and_widens_the_cord_where_it_presses() -> None:
    free, squeezed = spine_of(3), spine_of(3, Deformation(70.0, 4.0, 0, 0, 5.0, 3.0))
    here, far = free.index(np.array([70.0])), free.index(np.array([120.0]))
    assert squeezed.cord_half_depth[here] < 0.8 * free.cord_half_depth[here]
    assert squeezed.cord_half_width[here] > free.cord_half_width[here]
    np.testing.assert_allclose(squeezed.cord_half_depth[far], free.cord_half_depth[far], rtol=1e-3)


@given(SEEDS)
def test_the_centreline_is_as_long_as_its_arc_and_runs_downwards(seed: int) -> None:
    spine = spine_of(seed)
    steps = np.hypot(np.diff(spine.y), np.diff(spine.z))
    np.testing.assert_allclose(steps, np.diff(spine.arc), rtol=2e-3)
    assert (np.diff(spine.z) < 0).all()


def test_a_widened_canal_holds_a_cord_that_would_not_find_room_in_it() -> None:
    build = draw_build(np.random.default_rng(3))
    place = build.arc_at(4.5)
    narrow, wide = (
        build_spine(build, (Deformation(place, 20, 1.0, 1.0, *canal),)) for canal in ((), (-4.0, -4.0, 0.5))
    )
    entry = narrow.index(np.array(place))
    assert wide.cord_half_depth[entry] > 1.2 * narrow.cord_half_depth[entry]
    assert wide.sac_half_width[entry] == pytest.approx(1.5 * narrow.sac_half_width[entry], rel=0.01)
    assert wide.cord_half_width[entry] < wide.sac_half_width[entry]
