import tracemalloc

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnunet_ext.core.volume import Affine, Array, Volume
from nnunet_ext.correction.image_file import ImageFile
from tests.strategies import affines, shapes

_EXACT = (np.uint8, np.int8, np.int16)


def shown(file: ImageFile) -> nib.Nifti1Image:
    content = b"".join(file.pieces())
    assert len(content) == file.size
    return nib.Nifti1Image.from_bytes(content)


@given(hnp.arrays(st.sampled_from(_EXACT), shapes(6)), affines())
def test_whole_numbers_that_16_bits_hold_are_shown_as_they_are_at_their_place(data: Array, affine: Affine) -> None:
    image = shown(ImageFile.of(Volume(data, affine)))
    assert np.array_equal(np.asarray(image.dataobj), data)
    assert np.array_equal(image.affine, affine)
    assert image.header.get_slope_inter() in {(None, None), (1.0, 0.0)}


@given(
    hnp.arrays(st.sampled_from([np.uint16, np.int32, np.uint32]), shapes(5))
    | hnp.arrays(np.float32, shapes(5), elements=st.floats(-1e9, 1e9, width=32))
)
def test_all_other_values_are_off_by_no_more_than_a_65000th_of_their_range(data: Array) -> None:
    image = shown(ImageFile.of(Volume(data, np.eye(4))))
    values, meant = (np.asarray(array, dtype=np.float64) for array in (image.dataobj, data))
    rounding = 1e-6 * np.abs(meant).max() + 1e-30  # of 32 bits
    assert np.abs(values - meant).max() <= (meant.max() - meant.min()) / 65000 + rounding


@pytest.mark.parametrize("value", [0.0, -2.5, 70000.0])
def test_an_image_of_one_value_shows_that_value(value: float) -> None:
    image = shown(ImageFile.of(Volume(np.full((2, 3, 4), value, np.float32), np.eye(4))))
    assert np.asarray(image.dataobj) == pytest.approx(value)


def test_an_image_is_sent_without_a_second_copy_of_it_in_memory() -> None:
    data = np.zeros((100, 100, 200), np.int16, order="F")
    file = ImageFile.of(Volume(data, np.eye(4)))
    tracemalloc.start()
    try:
        sent = sum(len(piece) for piece in file.pieces())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sent == file.size
    assert peak < data.nbytes / 10
