import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.report.planes import AXIAL_SLICES, BoolArray, choose_planes
from tests.strategies import masks, shapes, triples

SHAPE = (20, 30, 40)


def block(*ranges: tuple[int, int]) -> BoolArray:
    mask = np.zeros(SHAPE, dtype=np.bool_)
    mask[tuple(slice(*limits) for limits in ranges)] = True
    return mask


CORD = block((8, 13), (10, 16), (2, 38))
LESION = block((9, 10), (12, 14), (20, 23)) | block((11, 12), (11, 15), (18, 26))
EMPTY = block((0, 0), (0, 0), (0, 0))


def test_the_sagittal_slice_goes_through_the_largest_extent_of_the_lesion() -> None:
    assert choose_planes(SHAPE, (1, 1, 1), [CORD, LESION]).sagittal == 11


def test_without_a_lesion_the_sagittal_slice_goes_through_the_middle_of_the_cord() -> None:
    assert choose_planes(SHAPE, (1, 1, 1), [CORD, EMPTY]).sagittal == 10


def test_axial_slices_go_through_the_lesion_from_the_head_down() -> None:
    axial = choose_planes(SHAPE, (1, 1, 1), [CORD, LESION]).axial
    assert len(axial) == AXIAL_SLICES
    assert list(axial) == sorted(set(axial), reverse=True)
    assert LESION[:, :, list(axial)].any(axis=(0, 1)).all()


def test_a_lesion_of_two_slices_leaves_the_others_to_the_cord() -> None:
    small = block((9, 11), (12, 14), (30, 32))
    axial = choose_planes(SHAPE, (1, 1, 1), [CORD, small]).axial
    assert {30, 31} < set(axial)
    assert len(axial) == AXIAL_SLICES


def test_without_a_mask_the_slices_go_through_the_centre_and_show_everything() -> None:
    planes = choose_planes(SHAPE, (1, 1, 1), [])
    assert planes.sagittal == SHAPE[0] // 2
    assert planes.sagittal_box == (slice(0, 30), slice(0, 40))
    assert all(box == (slice(0, 20), slice(0, 30)) for box in planes.axial_boxes)


def test_a_volume_of_one_slice_is_shown_once() -> None:
    assert choose_planes((20, 30, 1), (1, 1, 8), []).axial == (0,)


def test_margins_are_millimetres_and_not_voxels() -> None:
    shape = (400, 400, 5)
    mask = np.zeros(shape, dtype=np.bool_)
    mask[200, 200, 2] = True
    widths = {}
    for size in (0.5, 1.0):
        across, _ = choose_planes(shape, (size, size, 3), [mask]).axial_boxes[0]
        widths[size] = (across.stop - across.start - 1) * size
    assert widths[0.5] == pytest.approx(widths[1.0]) != 0


@given(
    masks(shapes(7), often=None),
    triples(st.floats(0.3, 20)),
)
def test_every_slice_lies_inside_and_its_window_holds_the_mask(
    mask: BoolArray, spacing: tuple[float, float, float]
) -> None:
    planes = choose_planes(mask.shape, spacing, [mask])
    assert 0 <= planes.sagittal < mask.shape[0]
    assert mask[planes.sagittal][planes.sagittal_box].sum() == mask[planes.sagittal].sum()
    for level, box in zip(planes.axial, planes.axial_boxes, strict=True):
        assert 0 <= level < mask.shape[2]
        assert mask[(*box, level)].sum() == mask[:, :, level].sum()
