import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.volume import Array
from nnunet_ext.report.anchor import find_anchor
from nnunet_ext.report.planes import RegionMasks
from tests.strategies import SEEDS

SHAPE = (40, 60, 50)
SPACING = (1.0, 1.0, 2.0)


def tube(y: int, low: int = 2, high: int = 48) -> Array:
    mask = np.zeros(SHAPE, dtype=np.bool_)
    mask[18:22, y - 2 : y + 2, low:high] = True
    return mask


def blob() -> Array:
    """More voxels than the tube, over few slices."""
    mask = np.zeros(SHAPE, dtype=np.bool_)
    mask[2:38, 40:58, 20:26] = True
    return mask


def guide(*regions: RegionMasks) -> Array:
    return find_anchor(SHAPE, SPACING, regions).guide


def test_the_reference_wins_over_a_false_cord_of_any_size() -> None:
    reference, false = tube(20, 10, 20), tube(50)
    anchor = find_anchor(SHAPE, SPACING, [{"reference": reference, "prediction": false}])
    assert np.array_equal(anchor.guide, reference)
    assert not (anchor.body & false).any()


def test_without_a_reference_the_largest_tube_wins_over_the_largest_blob() -> None:
    assert blob().sum() > tube(20).sum()
    assert np.array_equal(guide({"prediction": tube(20) | blob()}), tube(20))


def test_an_empty_reference_is_none() -> None:
    assert np.array_equal(guide({"reference": np.zeros(SHAPE, np.bool_), "prediction": tube(20)}), tube(20))


def test_a_reference_of_lesions_alone_is_a_reference() -> None:
    lesion = tube(20, 10, 14)
    assert np.array_equal(guide({"prediction": tube(50)}, {"reference": lesion}), lesion)


def test_a_cord_that_is_drawn_in_pieces_goes_on_and_one_beside_it_does_not() -> None:
    pieces = tube(20, 2, 24) | tube(21, 27, 48)
    assert np.array_equal(guide({"prediction": pieces | tube(50, 5, 20)}), pieces)
    assert np.array_equal(guide({"prediction": tube(20, 2, 30) | tube(50, 32, 48)}), tube(20, 2, 30))


def test_what_touches_the_cord_belongs_to_it() -> None:
    beside, apart = np.zeros(SHAPE, np.bool_), np.zeros(SHAPE, np.bool_)
    beside[22:25, 20, 30] = True
    apart[30:33, 20, 30] = True
    body = find_anchor(SHAPE, SPACING, [{"prediction": tube(20)}, {"prediction": beside | apart}]).body
    assert body[beside].all()
    assert not body[apart].any()


@given(SEEDS, st.floats(0, 1), st.booleans())
def test_the_guide_is_part_of_the_body_and_the_body_of_the_masks(seed: int, share: float, with_reference: bool) -> None:
    rng = np.random.default_rng(seed)
    masks: RegionMasks = {"prediction": rng.random((7, 8, 9)) < share}
    if with_reference:
        masks = {**masks, "reference": rng.random((7, 8, 9)) < share / 2}
    anchor = find_anchor((7, 8, 9), SPACING, [masks])
    every = np.logical_or.reduce(list(masks.values()))
    assert not (anchor.guide & ~anchor.body).any()
    assert not (anchor.body & ~every).any()
    assert anchor.guide.any() == every.any()
