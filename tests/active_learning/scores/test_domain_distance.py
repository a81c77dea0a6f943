import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.scores.domain_distance import Domain, domain_distance
from nnunet_ext.active_learning.scores.fingerprint import fingerprint
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Array, Volume
from tests.strategies import AXES

CORD = np.zeros((30, 30, 20), np.bool_)
CORD[12:18, 12:18, 2:18] = True


def scan(seed: int = 1, spacing: tuple[float, float, float] = (1.0, 1.0, 3.0), bright: float = 100.0) -> Volume:
    values = np.random.default_rng(seed).normal(300, 30, CORD.shape)
    values[CORD] += bright
    return Volume(values, np.diag([*spacing, 1.0]))


def test_the_fingerprint_is_quantiles_in_deviations_and_logarithms_of_voxel_sizes() -> None:
    image = scan()
    found = fingerprint([image], CORD)
    near = image.data[2:28, 2:28, 2:18]  # 10 mm across, none along
    expected = (np.quantile(near, [0.05, 0.25, 0.5, 0.75, 0.95]) - image.data.mean()) / image.data.std()
    np.testing.assert_allclose(found, [*expected, 0, 0, np.log(3)], atol=1e-12)


@given(axes=AXES, factor=st.floats(0.01, 100), offset=st.floats(0, 50))
def test_neither_axes_nor_the_scanner_s_units_change_it(axes: str, factor: float, offset: float) -> None:
    image = scan()
    other = reorient(Volume(image.data * factor + offset, image.affine), axes)
    cord = reorient(Volume(CORD, image.affine), axes).data
    np.testing.assert_allclose(fingerprint([other], cord), fingerprint([image], CORD), atol=1e-6)


@given(air=st.tuples(*[st.tuples(st.integers(0, 4), st.integers(0, 4))] * 3))
def test_air_around_an_image_changes_nothing(air: tuple[tuple[int, int], ...]) -> None:
    image = scan()
    padded = Volume(np.pad(image.data, air), image.affine)
    np.testing.assert_allclose(fingerprint([padded], np.pad(CORD, air)), fingerprint([image], CORD), atol=1e-9)


def test_where_there_is_no_cord_the_whole_image_is_described() -> None:
    image, everywhere = scan(), np.ones_like(CORD)
    nowhere: Array = np.zeros_like(CORD)
    expected = fingerprint([image], everywhere)
    np.testing.assert_array_equal(fingerprint([image], nowhere), expected)
    np.testing.assert_array_equal(fingerprint([image], None), expected)


def test_an_image_of_zeros_and_one_of_a_single_value_have_a_fingerprint() -> None:
    for value in (0.0, 7.0):
        flat = Volume(np.full(CORD.shape, value), np.eye(4))
        assert fingerprint([flat, flat], CORD).tolist() == [0] * 13


def test_distances_are_interquartile_ranges_from_the_median() -> None:
    domain = Domain.of([np.array([q, 0.0, 0.0, 0.0]) for q in (0.0, 1.0, 2.0, 3.0, 4.0)])
    assert domain.middle.tolist() == [2, 0, 0, 0]
    assert domain.spread.tolist() == [2, 0.05, 0.05, 0.05]  # of equal voxel sizes 5 %
    assert domain_distance(np.array([2.0, 0, 0, 0]), domain) == 0
    assert domain_distance(np.array([6.0, 0, 0, 0.1]), domain) == pytest.approx((2 + 2) / 4)


def test_another_protocol_is_further_than_another_patient() -> None:
    domain = Domain.of([fingerprint([scan(seed)], CORD) for seed in range(6)])
    patient = domain_distance(fingerprint([scan(99)], CORD), domain)
    other_voxels = domain_distance(fingerprint([scan(99, (0.5, 0.5, 5.0))], CORD), domain)
    other_contrast = domain_distance(fingerprint([scan(99, bright=-100)], CORD), domain)
    assert patient < 0.5
    assert min(other_voxels, other_contrast) > 1


def test_a_domain_of_nothing_and_an_image_of_other_channels_are_refused() -> None:
    with pytest.raises(DataRefusedError, match="training images"):
        Domain.of([])
    domain = Domain.of([fingerprint([scan()], CORD)])
    with pytest.raises(DataRefusedError, match="13 and 8 numbers"):
        domain_distance(fingerprint([scan(), scan()], CORD), domain)
