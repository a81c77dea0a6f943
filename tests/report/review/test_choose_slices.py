import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.report.review.choose_slices import AXIAL_SLICES, SAGITTAL_SLICES, choose_slices
from tests.strategies import SEEDS, triples

SHAPE = (20, 24, 60)


def tube(shift: float = 0.0) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    x, y, z = np.indices(SHAPE)
    return np.asarray(((x - 10 - shift * np.sin(z / 20)) ** 2 + (y - 12) ** 2 < 9) & (z > 5) & (z < 55))


def test_slices_with_a_lesion_come_first() -> None:
    lesion = np.zeros(SHAPE, dtype=np.bool_)
    lesion[10, 12, 30:34] = True
    chosen = choose_slices(SHAPE, (1, 1, 3), [tube(), lesion])
    assert {30, 31, 32, 33} <= set(chosen.axial)
    assert {29, 34} <= set(chosen.axial)  # and 3 mm around it
    assert len(chosen.axial) == AXIAL_SLICES
    assert min(chosen.axial) < 15  # the cord above and below is there, too
    assert max(chosen.axial) > 45


def test_of_a_long_lesion_some_slices_are_left_for_the_cord() -> None:
    lesion = tube().copy()
    lesion[:, :, :20] = False
    chosen = choose_slices(SHAPE, (1, 1, 1), [tube(), lesion])
    assert sum(level < 20 for level in chosen.axial) >= 4


def test_each_axial_slice_is_centred_on_a_curved_cord() -> None:
    chosen = choose_slices(SHAPE, (1, 1, 3), [tube(6.0)])
    for level, (x, y) in zip(chosen.axial, chosen.centres, strict=True):
        assert abs(x - 10.5 - 6 * np.sin(level / 20)) < 1
        assert abs(y - 12.5) < 0.5


def test_sagittal_slices_show_a_curved_cord_from_side_to_side() -> None:
    cord = tube(6.0)
    chosen = choose_slices(SHAPE, (1, 1, 3), [cord])
    assert len(chosen.sagittal) == SAGITTAL_SLICES
    assert cord[: chosen.sagittal[0]].sum() < 0.15 * cord.sum()
    assert cord[chosen.sagittal[-1] + 1 :].sum() < 0.15 * cord.sum()


def test_without_a_mask_slices_spread_over_the_volume() -> None:
    for regions in ([], [np.zeros(SHAPE, dtype=np.bool_)]):
        chosen = choose_slices(SHAPE, (1, 1, 1), regions)
        assert len(chosen.axial) == AXIAL_SLICES
        assert chosen.window == ((0, 24), (0, 60))


@given(
    st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(1, 30)),
    SEEDS,
    st.floats(0, 1),
    triples(st.floats(0.3, 8)),
)
def test_chosen_slices_lie_in_the_volume_and_each_is_there_once(
    shape: tuple[int, int, int], seed: int, share: float, spacing: tuple[float, float, float]
) -> None:
    rng = np.random.default_rng(seed)
    cord = rng.random(shape) < share
    chosen = choose_slices(shape, spacing, [cord, cord & (rng.random(shape) < 0.3)])
    assert len(set(chosen.axial)) == len(chosen.axial) == len(chosen.centres) <= AXIAL_SLICES
    assert all(0 <= level < shape[2] for level in chosen.axial)
    assert list(chosen.axial) == sorted(chosen.axial, reverse=True)
    assert 1 <= len(set(chosen.sagittal)) == len(chosen.sagittal) <= SAGITTAL_SLICES
    assert all(0 <= index < shape[0] for index in chosen.sagittal)
    assert all(0 <= low < high <= shape[axis + 1] for axis, (low, high) in enumerate(chosen.window))
