"""The same definitions written as plain loops over voxels, on ragged lesions."""

import math
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from nnunet_ext.core.volume import Volume
from nnunet_ext.evaluation.biomarkers.body_frame import BoolArray, Floats
from nnunet_ext.evaluation.biomarkers.cord_course import cord_course
from nnunet_ext.evaluation.biomarkers.lesion_biomarkers import LesionBiomarkers, LesionStatus
from nnunet_ext.evaluation.biomarkers.measure_case import measure_case
from tests.evaluation.biomarkers.boxes import SHAPE, Mask, leaning_cord
from tests.strategies import SEEDS

SPACING = (0.5, 0.8, 3.0)
Column = dict[int, tuple[int, int]]


def first_and_last(mask: Mask, x: int) -> Column:
    found = {z: np.flatnonzero(mask[x, :, z]) for z in range(mask.shape[2])}
    return {z: (int(at[0]), int(at[-1])) for z, at in found.items() if at.size}


def bridges(lesion: Mask, cord: Mask, plane: float, cosine: Floats) -> tuple[float | None, float | None, bool]:
    lower, upper = math.floor(plane), math.ceil(plane)
    fraction = plane - lower
    sides: list[dict[int, tuple[int, int]]] = []
    for x in (lower, upper):
        edges = first_and_last(cord, x)
        here = first_and_last(lesion, x)
        sides.append({z: (first - edges[z][0], edges[z][1] - last) for z, (first, last) in here.items()})
    dorsal: list[float] = []
    ventral: list[float] = []
    for z in sorted(set(sides[0]) | set(sides[1])):
        one, other = sides[0].get(z, sides[1].get(z)), sides[1].get(z, sides[0].get(z))
        assert one is not None
        assert other is not None
        for found, index in ((dorsal, 0), (ventral, 1)):
            found.append(((1 - fraction) * one[index] + fraction * other[index]) * SPACING[1] * cosine[z])
    if dorsal:
        return min(dorsal), min(ventral), False
    return *proxy(lesion, cord, plane, cosine), True


def proxy(lesion: Mask, cord: Mask, plane: float, cosine: Floats) -> tuple[float, float] | tuple[None, None]:
    """Give halves of the cord's smallest depth as SCT does: of its voxels, where both slices hold cord."""
    lower, upper = math.floor(plane), math.ceil(plane)
    fraction = plane - lower
    halves = []
    for z in sorted({int(z) for z in np.nonzero(lesion)[2]}):
        one, other = int(cord[lower, :, z].sum()), int(cord[upper, :, z].sum())
        if one and other:
            halves.append(((1 - fraction) * one + fraction * other) * SPACING[1] * cosine[z] / 2)
    return (min(halves), min(halves)) if halves else (None, None)


def draw(seed: int, share: float) -> BoolArray:
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).random(SHAPE), 0.8)
    drawn: BoolArray = smooth > np.quantile(smooth, 1 - share)
    return drawn


@given(SEEDS, st.floats(0.02, 0.3), st.sets(st.integers(0, SHAPE[2] - 1), max_size=4))
def test_ragged_lesions_that_leave_the_cord_have_the_values_of_plain_loops(
    seed: int, share: float, gaps: set[int]
) -> None:
    cord = leaning_cord()
    cord[6, 6:8] = 0  # holes
    cord[:, :, sorted(gaps)] = 0
    lesion = draw(seed, share)
    case = measure_case(Volume(lesion, np.diag([-SPACING[0], *SPACING[1:], 1.0])), cord)
    labels, count = ndimage.label(lesion, ndimage.generate_binary_structure(3, 2))
    masks = [cast("Mask", ((labels == number) & (cord > 0)).astype(np.uint8)) for number in range(1, count + 1)]
    assert len(case.lesions) == count
    if not any(mask.any() for mask in masks):
        return
    largest = masks[int(np.argmax([mask.sum() for mask in masks]))]
    middle = round(float(np.nonzero(largest)[2].mean()))
    window = [z for z in range(middle - 2, middle + 3) if z < SHAPE[2]]
    planes = [float(np.nonzero(cord[:, :, z])[0].mean()) for z in window if cord[:, :, z].any()]
    course = cord_course(cord > 0, SPACING, (0, 0, 0), SHAPE[2])
    stops = len(window) < 5 or not planes
    for number, (row, mask) in enumerate(zip(case.lesions, masks, strict=True), start=1):
        assert np.array_equal(case.instances == number, labels == number)
        if not mask.any():
            assert (row.status, row.midsagittal_slice) == (LesionStatus.OUTSIDE_CORD, None)
            continue
        assert row.status is LesionStatus.MEASURED
        check_shape(row, mask, cord, course.cosine, course.cosine_sagittal)
        if stops:
            assert (row.midsagittal_slice, row.dorsal_bridge_mm, row.bridge_is_proxy) == (None, None, None)
            continue
        plane = float(np.mean(planes))
        assert row.midsagittal_slice == pytest.approx(plane)
        check_plane(row, mask, plane, course.cosine_sagittal)
        check_bridges(row, bridges(mask, cord, plane, course.cosine_sagittal))


def check_bridges(row: LesionBiomarkers, found: tuple[float | None, float | None, bool]) -> None:
    dorsal, ventral, is_proxy = found
    ratios = row.dorsal_bridge_ratio_percent, row.ventral_bridge_ratio_percent
    assert row.bridge_is_proxy is is_proxy
    if dorsal is None or ventral is None:
        assert (row.dorsal_bridge_mm, row.ventral_bridge_mm, row.total_bridge_mm) == (None, None, None)
        assert ratios == (0, 0)
        return
    total = dorsal + ventral
    assert (row.dorsal_bridge_mm, row.ventral_bridge_mm) == pytest.approx((dorsal, ventral))
    assert ratios == pytest.approx((dorsal / total * 100, ventral / total * 100) if total else (0, 0))


def check_shape(row: LesionBiomarkers, mask: Mask, cord: Mask, cosine: Floats, cosine_sagittal: Floats) -> None:
    slices = sorted({int(z) for z in np.nonzero(mask)[2]})
    depth = [np.nonzero(mask[:, :, z])[1] for z in slices]
    areas = [int(mask[:, :, z].sum()) for z in slices]
    wide = max((at.max() - at.min() + 1) * SPACING[1] * cosine_sagittal[z] for z, at in zip(slices, depth, strict=True))
    largest = max(area * SPACING[0] * SPACING[1] * cosine[z] for z, area in zip(slices, areas, strict=True))
    assert row.volume_mm3 == pytest.approx(mask.sum() * math.prod(SPACING))
    assert row.length_mm == pytest.approx(sum(SPACING[2] / cosine[z] for z in slices))
    assert row.width_mm == pytest.approx(wide)
    assert row.max_equivalent_diameter_mm == pytest.approx(2 * math.sqrt(largest / math.pi))
    ratios = [area / cord[:, :, z].sum() for z, area in zip(slices, areas, strict=True)]
    assert row.max_axial_damage_ratio == pytest.approx(max(ratios))


def check_plane(row: LesionBiomarkers, mask: Mask, plane: float, cosine: Floats) -> None:
    lower, upper = math.floor(plane), math.ceil(plane)
    mixed = (1 - plane + lower) * mask[lower] + (plane - lower) * mask[upper]
    length, width = 0.0, 0.0
    for z in range(SHAPE[2]):
        column = mixed[:, z]
        if (column > 0).any():
            length += column[column > 0].mean() * SPACING[2] / cosine[z]
            width = max(width, column.sum() * SPACING[1] * cosine[z])
    assert (row.midsagittal_length_mm, row.midsagittal_width_mm) == pytest.approx((length, width))
