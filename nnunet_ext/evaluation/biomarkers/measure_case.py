"""All lesions of one case."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from scipy import ndimage

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.stray_lesions import cord_alone
from nnunet_ext.core.volume import Array, Volume, voxel_volume_mm3
from nnunet_ext.evaluation.biomarkers.body_frame import (
    ACROSS,
    DEPTH,
    UPRIGHT,
    BodyFrame,
    BoolArray,
    Indices,
    Labels,
)
from nnunet_ext.evaluation.biomarkers.bridges import Bridges, bridges_by_slice, bridges_in_plane, proxy_bridges
from nnunet_ext.evaluation.biomarkers.cord_course import CordCourse, cord_course
from nnunet_ext.evaluation.biomarkers.instances import count_components, label_lesions
from nnunet_ext.evaluation.biomarkers.lesion_biomarkers import (
    CaseBiomarkers,
    LesionBiomarkers,
    LesionStatus,
    SliceBridge,
)
from nnunet_ext.evaluation.biomarkers.lesion_columns import Between, CordColumns, MeasuredColumns
from nnunet_ext.evaluation.biomarkers.midsagittal import Midsagittal, midsagittal_at_lesion
from nnunet_ext.evaluation.biomarkers.morphometry import SliceScale, measure_shape, size_in_plane
from nnunet_ext.evaluation.biomarkers.plane_size import AlongCord, size_between_slices

_ROUNDING: Final = 1e-6  # of a mean of centres: a plane as near as this to a slice is that slice


def measure_case(lesion: Volume, cord: Array | None = None, nli_slice: int | None = None) -> CaseBiomarkers:
    """Measure every lesion of a case as SCT's `sct_analyze_lesion` does, and where that breaks, rightly.

    Parameters
    ----------
    lesion
        Mask in any orientation; voxels above 0 are lesion. It may be empty.
    cord
        Mask of the cord with its lesions on the same grid, shape (i, j, k), voxels above 0; None: volumes only. An
        empty one has every lesion outside. Lesions in it that lie apart from it, as nested labels have them, are left
        out with the rim around them, see `cord_alone`.
    nli_slice
        Axial slice of the neurological level of injury, an index of the file's own axis from feet to head, from 0: the
        midsagittal plane is found there, and where there is no lesion the bridges' proxy is measured there.

    Returns
    -------
    CaseBiomarkers
        An empty mask has no lesion, and one row with number 0 where `nli_slice` is given.

    Raises
    ------
    DataRefusedError
        Where the two masks have different shapes, or the slice of the level is not in the image, or holds no cord.
    """
    if cord is not None and cord.shape != lesion.data.shape:
        raise DataRefusedError(f"lesion and cord on one grid were needed, found {lesion.data.shape} and {cord.shape}")
    frame = BodyFrame.of(lesion)
    mask = frame.turn(lesion.data > 0)
    inside = None if cord is None else frame.turn(cord_alone(cord > 0, lesion.data > 0, lesion.affine))
    box = _box(mask if inside is None else mask | inside)
    case = _BoxedCase.of(frame, mask[box], None if inside is None else inside[box], tuple(part.start for part in box))
    rows, bridges = _measure_lesions(case, nli_slice)
    return CaseBiomarkers(
        lesions=tuple(rows),
        bridges=tuple(bridges),
        instances=_put_back(case.lesions, box, frame),
        within=_put_back(case.within, box, frame),
        cord=None if case.cord is None else _put_back(case.cord, box, frame),
        course_settled=case.course is None or case.course.settled,
        cord_volume_mm3=None if case.cord is None else float(case.cord.sum()) * case.voxel_mm3,
        union_max_axial_damage_ratio=None if case.cord is None else _union_damage(case.within > 0, case.cord_area),
    )


@dataclass(frozen=True, eq=False)
class _BoxedCase:
    """A case along LAS, cut to the box that holds its masks; `first` is the box's first voxel in the image."""

    frame: BodyFrame
    first: tuple[int, ...]
    lesions: Labels
    within: Labels
    cord: BoolArray | None
    count: int

    @classmethod
    def of(cls, frame: BodyFrame, mask: BoolArray, cord: BoolArray | None, first: tuple[int, ...]) -> "_BoxedCase":
        lesions = label_lesions(mask)
        within = lesions if cord is None else np.where(cord, lesions, np.uint32(0))
        return cls(frame, first, lesions, within, cord, int(lesions.max(initial=0)))

    @property
    def voxel_mm3(self) -> float:
        return voxel_volume_mm3(self.frame.affine)

    @cached_property
    def cord_area(self) -> Indices:
        return np.zeros(0, np.int64) if self.cord is None else self.cord.sum(axis=(ACROSS, DEPTH))

    @cached_property
    def course(self) -> CordCourse | None:
        """As SCT has it; None without a cord."""
        if self.cord is None:
            return None
        return cord_course(self.cord, self.frame.spacing, self.first, self.frame.shape[UPRIGHT])


@dataclass(frozen=True, eq=False)
class _Measuring:
    """What all lesions of a case share: the scale as SCT has it, and the cord's own way for corrected values."""

    case: _BoxedCase
    columns: CordColumns
    scale: SliceScale
    along: AlongCord
    plane: Midsagittal

    def between(self, plane: float, rounding: float = 0.0) -> Between:
        return Between.at(plane, self.case.first[ACROSS], rounding)

    def own_slice(self, plane: float | None) -> float | None:
        return None if plane is None else float(self.case.frame.own_slice(ACROSS, plane))


def _measure_lesions(case: _BoxedCase, nli_slice: int | None) -> tuple[list[LesionBiomarkers], list[SliceBridge]]:
    sizes = np.bincount(case.lesions.ravel(), minlength=case.count + 1)
    kept = np.bincount(case.within.ravel(), minlength=case.count + 1)
    numbers = range(1, case.count + 1)
    if case.cord is None or (course := case.course) is None:
        status = LesionStatus.VOLUME_ONLY
        return [LesionBiomarkers(at, float(sizes[at]) * case.voxel_mm3, status=status) for at in numbers], []
    if nli_slice is None and not kept[1:].any():
        return [_outside(at, float(sizes[at]) * case.voxel_mm3) for at in numbers], []
    slices = slice(case.first[UPRIGHT], case.first[UPRIGHT] + case.cord.shape[UPRIGHT])
    scale = SliceScale.of(case.frame.spacing, course.cosine[slices], course.cosine_sagittal[slices])
    place = case.frame.spacing, case.first, case.frame.shape[UPRIGHT]
    along = AlongCord.of(cord_course(case.cord, *place, image_counts=False), case.frame.spacing)
    plane = _midsagittal(case, course, kept, nli_slice)
    shared = _Measuring(case, CordColumns.of(case.cord), scale, along.cut(slices), plane)
    if not case.count and nli_slice is not None:
        return [_level_row(shared, _upright(case.frame, nli_slice))], []
    rows, bridges = [], []
    boxes = ndimage.find_objects(case.within, max_label=case.count)
    for number, box in zip(numbers, boxes, strict=True):
        outside = float(sizes[number] - kept[number]) * case.voxel_mm3
        if not kept[number]:
            rows.append(_outside(number, outside))
            continue
        row, beside = _measure_lesion(shared, number, box)
        rows.append(replace(row, volume_mm3=float(kept[number]) * case.voxel_mm3, outside_cord_mm3=outside))
        bridges += beside
    return rows, bridges


def _measure_lesion(
    shared: _Measuring, number: int, box: tuple[slice, ...]
) -> tuple[LesionBiomarkers, list[SliceBridge]]:
    case, scale, plane = shared.case, shared.scale, shared.plane
    mask = case.within[box] == number  # the whole volume for each of a thousand specks would take minutes
    columns = _columns(mask, box, shared.columns)
    slices = box[UPRIGHT]
    near = SliceScale(*(along[slices] for along in vars(scale).values()))
    shape = measure_shape(mask, case.cord_area[slices], near)
    values: dict[str, Any] = {**vars(shape), "components_inside_cord": count_components(mask)}
    if plane.sct is not None:
        between = shared.between(plane.sct)
        in_plane = case.within[between.lower : between.upper + 1] == number
        size = size_in_plane(in_plane, replace(between, lower=0, upper=len(in_plane) - 1), scale)
        values |= {"midsagittal_length_mm": size.length_mm, "midsagittal_width_mm": size.width_mm}
        depth = shared.columns.depth_in_sct(between)
        found = bridges_in_plane(columns, depth, between, scale.depth_mm)
        values |= _sct_bridges(found) | _sct_ratios(found)
    if plane.corrected is not None:
        between = shared.between(plane.corrected, _ROUNDING)
        right = box[ACROSS].start
        in_box = replace(between, lower=between.lower - right, upper=between.upper - right)
        size = size_between_slices(mask, in_box, shared.along.cut(slices))
        values |= {"midsagittal_length_corrected_mm": size.length_mm, "midsagittal_width_corrected_mm": size.width_mm}
        depth = shared.columns.depth(between)
        values |= _corrected_bridges(bridges_in_plane(columns, depth, between, shared.along.depth_mm))
    by_slice = [
        SliceBridge(number, int(case.frame.own_slice(ACROSS, at + case.first[ACROSS])), *sides)
        for at, sides in bridges_by_slice(columns, scale.depth_mm).items()
    ]
    return LesionBiomarkers(number, **values, **_slices(shared)), by_slice


def _columns(mask: BoolArray, box: tuple[slice, ...], cord: CordColumns) -> MeasuredColumns:
    """Look at a lesion cut to its box, and give its columns over all of the cord's."""
    place, start = (box[ACROSS], box[UPRIGHT]), box[DEPTH].start
    near = CordColumns(cord.first[place] - start, cord.last[place] - start, cord.extent[place], cord.voxels[place])
    found = MeasuredColumns.of(mask, near)
    voxels, dorsal, ventral = (np.zeros_like(cord.extent) for _ in range(3))
    voxels[place], dorsal[place], ventral[place] = found.voxels, found.dorsal, found.ventral
    return MeasuredColumns(voxels, dorsal, ventral)


def _level_row(shared: _Measuring, level: int) -> LesionBiomarkers:
    """Measure the cord at the level of injury, where there is no lesion (sct_analyze_lesion.py:478-511)."""
    slices = np.zeros(shared.columns.extent.shape[1], dtype=np.bool_)
    slices[level - shared.case.first[UPRIGHT]] = True
    values: dict[str, Any] = {}
    if shared.plane.sct is not None:
        between = shared.between(shared.plane.sct)
        sct = proxy_bridges(shared.columns.depth_in_sct(between) * shared.scale.depth_mm, slices)
        corrected = proxy_bridges(shared.columns.depth(between) * shared.along.depth_mm, slices)
        values = _sct_bridges(sct) | _corrected_bridges(corrected)
    return LesionBiomarkers(0, **values, **_slices(shared), status=LesionStatus.NO_LESION)


def _slices(shared: _Measuring) -> dict[str, Any]:
    return {
        "midsagittal_slice": shared.own_slice(shared.plane.sct),
        "midsagittal_slice_corrected": shared.own_slice(shared.plane.corrected),
    }


def _sct_bridges(found: Bridges | None) -> dict[str, Any]:
    if found is None:
        return {"bridge_is_proxy": True}
    return {
        "dorsal_bridge_mm": found.dorsal,
        "ventral_bridge_mm": found.ventral,
        "total_bridge_mm": found.total,
        "bridge_is_proxy": found.is_proxy,
    }


def _sct_ratios(found: Bridges | None) -> dict[str, Any]:
    """Give each bridge's share in the total as SCT does: 0 where there is no total, or one of 0."""
    dorsal, ventral = (0.0, 0.0) if found is None else (found.dorsal_percent, found.ventral_percent)
    return {"dorsal_bridge_ratio_percent": dorsal, "ventral_bridge_ratio_percent": ventral}


def _corrected_bridges(found: Bridges | None) -> dict[str, Any]:
    if found is None:
        return {"bridge_is_proxy_corrected": True}
    ratios = {
        "dorsal_bridge_ratio_corrected_percent": found.dorsal_percent,
        "ventral_bridge_ratio_corrected_percent": found.ventral_percent,
    }
    return {
        "dorsal_bridge_corrected_mm": found.dorsal,
        "ventral_bridge_corrected_mm": found.ventral,
        "total_bridge_corrected_mm": found.total,
        "total_bridge_same_slice_mm": found.same_slice,
        "bridge_is_proxy_corrected": found.is_proxy,
        **(ratios if found.total and not found.is_proxy else {}),
    }


def _outside(number: int, volume_mm3: float) -> LesionBiomarkers:
    status = LesionStatus.OUTSIDE_CORD
    return LesionBiomarkers(number, volume_mm3, status=status, outside_cord_mm3=volume_mm3, components_inside_cord=0)


def _midsagittal(case: _BoxedCase, course: CordCourse, kept: Indices, nli_slice: int | None) -> Midsagittal:
    if nli_slice is None:
        largest = int(kept[1:].argmax()) + 1  # of equals the first, as in SCT
        return midsagittal_at_lesion(case.within, largest, case.first[UPRIGHT], course.centre_across)
    slices = case.frame.shape[UPRIGHT]
    level = _upright(case.frame, nli_slice)
    if not 0 <= level < slices:
        raise DataRefusedError(f"level of injury: a slice from 0 to {slices - 1} was needed, found {nli_slice}")
    if not np.isfinite(plane := float(course.centre_across[level])):
        there = [_upright(case.frame, int(at)) for at in np.flatnonzero(np.isfinite(course.centre_across))]
        ends = f"goes from {min(there)} to {max(there)}" if there else "is in no slice"
        raise DataRefusedError(f"level of injury: slice {nli_slice} holds no cord; the cord {ends}")
    return Midsagittal(plane, plane)


def _upright(frame: BodyFrame, index: int) -> int:
    return int(frame.own_slice(UPRIGHT, index))


def _union_damage(lesion: BoolArray, cord_area: Indices) -> float:
    area = lesion.sum(axis=(ACROSS, DEPTH))
    return float((area / np.maximum(cord_area, 1)).max(initial=0))


def _box(mask: BoolArray) -> tuple[slice, slice, slice]:
    x, y, z = (
        _range(np.asarray(mask.any(axis=tuple({ACROSS, DEPTH, UPRIGHT} - {axis})))) for axis in (ACROSS, DEPTH, UPRIGHT)
    )
    return x, y, z


def _range(present: BoolArray) -> slice:
    at = np.flatnonzero(present)
    return slice(int(at[0]), int(at[-1]) + 1) if at.size else slice(0, 1)


def _put_back(values: Array, box: tuple[slice, slice, slice], frame: BodyFrame) -> Array:
    whole = np.zeros(frame.shape, dtype=values.dtype)
    whole[box] = values
    return np.asarray(frame.turn_back(whole))
