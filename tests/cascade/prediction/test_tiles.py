import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.course import held_by
from nnunet_ext.cascade.prediction.sliding_window import kept_slicers, tile_starts
from tests.strategies import boxes, thorough

SIZES = st.tuples(st.integers(1, 90), st.integers(1, 40)).map(lambda pair: (max(pair), min(pair)))
STEPS = st.sampled_from([0.1, 0.25, 1 / 3, 0.5, 0.75, 1.0])


@thorough(3)
@given(sizes=st.lists(SIZES, min_size=2, max_size=3), step=STEPS)
def test_tiles_start_where_nnunet_starts_them(sizes: list[tuple[int, int]], step: float) -> None:
    from nnunetv2.inference.sliding_window_prediction import compute_steps_for_sliding_window

    image, tile = zip(*sizes, strict=True)
    expected = compute_steps_for_sliding_window(image, tile, step)
    assert [tile_starts(*pair, step) for pair in sizes] == expected


@pytest.mark.parametrize("tile", [(8, 12, 6), (12, 6)])
def test_the_whole_box_keeps_nnunet_s_tiles_in_nnunet_s_order(tile: tuple[int, ...]) -> None:
    from types import SimpleNamespace

    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    image = (20, 31, 17)
    predictor = nnUNetPredictor.__new__(nnUNetPredictor)
    predictor.configuration_manager = SimpleNamespace(patch_size=tile)
    predictor.tile_step_size, predictor.verbose = 0.5, False
    expected = predictor._internal_get_sliding_window_slicers(image)
    assert kept_slicers(image, tile, 0.5, [Box.whole(image)]) == expected


@given(data=st.data(), sizes=st.lists(SIZES, min_size=3, max_size=3), step=STEPS, flat=st.booleans())
def test_a_tile_is_kept_exactly_where_it_meets_a_box(
    data: st.DataObject, sizes: list[tuple[int, int]], step: float, flat: bool
) -> None:
    sizes = [(min(image, 14), min(tile, 14)) for image, tile in sizes]  # tiles of one voxel are as many as voxels
    step = max(step, 0.25)
    image, tile = (tuple(values) for values in zip(*sizes, strict=True))
    few = data.draw(st.lists(boxes(image), min_size=1, max_size=3))
    tile = tile[1:] if flat else tile
    inside = held_by(few, image)[None]
    every = kept_slicers(image, tile, step, [Box.whole(image)])
    assert kept_slicers(image, tile, step, few) == [tile for tile in every if inside[tile].any()]


def test_a_box_in_a_wide_field_keeps_few_tiles() -> None:
    image, tile = (48, 256, 192), (48, 96, 64)
    box = Box((0, 100, 80), (48, 130, 110))
    every, few = (kept_slicers(image, tile, 0.5, [each]) for each in (Box.whole(image), box))
    assert 0 < len(few) < len(every) / 2
