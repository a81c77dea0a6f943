import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.phantom.painting.warp import WarpSize, warped
from tests.phantom.painting.samples import SPACING, layered


@given(st.integers(0, 10_000))
def test_a_changed_body_is_made_of_the_same_tissues(seed: int) -> None:
    tissue = layered((24, 90, 90))
    made = warped(tissue, (20, 64, 64), SPACING, WarpSize(), np.random.default_rng(seed))
    assert made.shape == (20, 64, 64)
    assert made.dtype == np.uint8
    assert set(np.unique(made)) <= set(np.unique(tissue))


def test_without_any_change_a_piece_is_cut_out_or_mirrored() -> None:
    tissue = np.random.default_rng(0).integers(0, 20, (6, 8, 9)).astype(np.uint8)
    still = WarpSize(scale=0.0, shear=0.0, bend_mm=0.0)
    made = [warped(tissue, (6, 8, 9), SPACING, still, np.random.default_rng(seed)) for seed in range(12)]
    as_it_was = [np.array_equal(one, tissue) for one in made]
    mirrored = [np.array_equal(one, tissue[:, :, ::-1]) for one in made]
    assert all(one or other for one, other in zip(as_it_was, mirrored, strict=True))
    assert any(as_it_was)
    assert any(mirrored)
