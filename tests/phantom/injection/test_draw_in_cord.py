import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.phantom.injection.draw_in_cord import draw_in_cord
from nnunet_ext.phantom.lesions import Pathology

SEEDS = st.integers(0, 2**31)


@given(st.sampled_from([Pathology.SCI, Pathology.MS, Pathology.TUMOUR]), st.floats(12, 400), SEEDS)
def test_every_disease_leaves_healthy_cord_however_little_is_seen(
    pathology: Pathology, length_mm: float, seed: int
) -> None:
    blobs = draw_in_cord(pathology, length_mm, np.random.default_rng(seed))
    assert blobs
    assert all(0 <= blob.centre[0] <= length_mm for blob in blobs)
    assert all(blob.radii[0] <= 0.31 * length_mm for blob in blobs)


@given(SEEDS)
def test_plaques_are_several_small_ones(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = [len(draw_in_cord(Pathology.MS, 80.0, rng)) for _ in range(20)]
    assert np.mean(counts) > 1.5


def test_a_healthy_cord_gets_nothing() -> None:
    assert draw_in_cord(Pathology.HEALTHY, 80.0, np.random.default_rng(1)) == ()
