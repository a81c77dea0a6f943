import numpy as np
import numpy.typing as npt
import pytest
from desk_rater.strokes import SIZES, Slice, strokes, swept
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, label


def blobs(seed: int, share: float) -> npt.NDArray[np.bool_]:
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(22, 19)), 1.5)
    return np.asarray(noise > np.quantile(noise, 1 - share))


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), spacing=st.sampled_from([(1.0, 1.0), (0.5, 0.5), (0.6, 0.9)]))
def test_a_stroke_mends_what_it_promises_and_more_than_it_spoils(seed: int, spacing: tuple[float, float]) -> None:
    seen = Slice(blobs(seed, 0.2), blobs(seed + 1, 0.25), blobs(seed + 2, 0.8), spacing)
    wrong = np.count_nonzero(seen.drawn ^ seen.truth)
    for stroke in strokes(seen):
        painted = swept(stroke.corners, stroke.size, seen.drawn.shape, spacing)
        after = seen.drawn & ~painted if stroke.erase else seen.drawn | painted & seen.free
        assert wrong - np.count_nonzero(after ^ seen.truth) == stroke.gain > 0


def test_one_stroke_follows_a_ring_and_leaves_its_middle_alone() -> None:
    apart = np.hypot(*(np.indices((25, 25)) - 12))
    ring = (apart > 6) & (apart < 9)
    seen = Slice(np.zeros_like(ring), ring, np.ones_like(ring), (1.0, 1.0))
    best = max(strokes(seen), key=lambda stroke: stroke.gain)
    assert best.gain > 0.9 * ring.sum()
    assert len(best.corners) > 6
    assert not swept(best.corners, best.size, ring.shape, (1.0, 1.0))[10:15, 10:15].any()


def test_each_piece_has_strokes_of_its_own_and_a_dot_has_no_length() -> None:
    truth = np.zeros((20, 20), dtype=np.bool_)
    truth[3, 3] = truth[12, 15] = True
    found = list(strokes(Slice(np.zeros_like(truth), truth, np.ones_like(truth), (1.0, 1.0))))
    assert {stroke.corners for stroke in found} >= {((3, 3),), ((12, 15),)}
    assert {stroke.length((1.0, 1.0)) for stroke in found} == {0.0}


@pytest.mark.parametrize("size", SIZES)
def test_a_dot_is_a_disc_of_the_brush_and_holds_the_voxel_under_the_pointer(size: float) -> None:
    painted = swept(((9, 9),), size, (19, 19), (0.7, 1.1))
    scale = np.array([0.7, 1.1])[:, None, None]
    wanted = np.hypot(*((np.indices((19, 19)) - 9) * scale)) <= size / 2
    wanted[9, 9] = True
    assert (painted == wanted).all()


def test_the_voxels_of_a_line_hang_together_however_small_the_brush() -> None:
    painted = swept(((2, 3), (15, 11), (4, 16)), SIZES[0], (19, 19), (1.0, 1.0))
    assert label(painted, np.ones((3, 3)))[1] == 1
    assert painted[2, 3]
    assert painted[15, 11]
    assert painted[4, 16]
