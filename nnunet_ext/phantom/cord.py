"""Painting the sac and what lies in it: fluid, cord, grey matter, lesions, roots, and the brain above."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from nnunet_ext.phantom.cord_coordinates import CordFrame
from nnunet_ext.phantom.lesions import Blob
from nnunet_ext.phantom.roots import paint_roots
from nnunet_ext.phantom.spine import Floats, Spine
from nnunet_ext.phantom.tissues import CORD_TISSUES, Tissue

TissueMap = npt.NDArray[np.uint8]

_NECK_TOP_MM = -14.0  # above this the sac opens into the skull
_MEDULLA_MM = 22.0  # above C1, where the cord becomes brain: people end their masks somewhere in it
_GREY_SHARE = 0.225  # of the section, of grey matter of the usual thickness


def paint_sac(tissue: TissueMap, spine: Spine, frame: CordFrame) -> None:
    """Paint, from outside to inside, epidural fat, fluid, brain, cord, grey matter and roots.

    Parameters
    ----------
    tissue
        Changed in place.
    spine, frame
        The patient, and the voxels in the cord's coordinates.
    """
    _paint_skull(tissue, spine, frame)
    below = spine.arc > _NECK_TOP_MM
    reach = float((spine.sac_half_width[below] * 1.1 + spine.epidural_fat[below]).max())
    depth = float(np.maximum(spine.canal_front, -spine.canal_back)[below].max()) + 6
    _paint_within((_NECK_TOP_MM, float(spine.arc[-1])), reach, depth, _paint_canal, tissue, spine, frame)
    width = float((spine.cord_half_width * (1 + spine.build.cord_taper) + np.abs(spine.cord_right)).max())
    depth = float((spine.cord_half_depth + np.abs(spine.cord_front)).max())
    _paint_within((-80, spine.conus), width, depth, _paint_cord, tissue, spine, frame)


def _paint_within(
    down: tuple[float, float],
    reach: float,
    depth: float,
    paint: Callable[[TissueMap, Spine, CordFrame], None],
    tissue: TissueMap,
    spine: Spine,
    frame: CordFrame,
) -> None:
    """Paint the voxels within a box of the cord's coordinates, as a list: in a grid's box most lie beyond it."""
    box = frame.box(down, (-reach, reach), (-depth, depth))
    if box is None:
        return
    part, inner = tissue[box], frame.cut(box)
    near = (np.abs(inner.right) < reach) & (np.abs(inner.front) < depth)
    values = part[near]
    paint(values, spine, inner.cut(near))
    part[near] = values


def paint_lesions(tissue: TissueMap, spine: Spine, frame: CordFrame, lesions: Sequence[Blob]) -> None:
    """Paint lesions into the cord that is already there, in their order, cut off at its surface."""
    in_cord = np.zeros(256, dtype=bool)
    in_cord[list(CORD_TISSUES)] = True
    for blob in lesions:
        box = frame.box(blob.extent_mm, (-20, 20), (-15, 15))
        if box is None:
            continue
        part, inner = tissue[box], frame.cut(box)
        inside = blob.covers(inner.down, *cord_section(spine, inner))
        paintable = in_cord[part] | (part == Tissue.MEDULLA) if blob.above_c1 else in_cord[part]
        part[inside & paintable] = blob.tissue


def cord_section(spine: Spine, frame: CordFrame) -> tuple[Floats, Floats]:
    """Place of each voxel across the cord, in half-diameters: its surface is the unit circle.

    Real cords are no ellipses: wider in front than behind, a little pointed at the sides, and dented where the anterior
    fissure opens. The coordinates are bent accordingly, and lesions and grey matter with them.
    """
    build, entry = spine.build, spine.index(frame.down)
    width, depth = np.maximum(spine.cord_half_width, 1e-3), np.maximum(spine.cord_half_depth, 1e-3)
    right = (frame.right - spine.cord_right[entry]) / width[entry]
    front = (frame.front - spine.cord_front[entry]) / depth[entry]
    within = np.clip(front, -1, 1)
    dent = np.float32(build.fissure) * np.maximum(within, 0) / (1 + np.square(np.square(right * np.float32(6))))
    right *= (1 + np.float32(build.cord_points) * within * within) / (1 + np.float32(build.cord_taper) * within)
    return right, front * (1 + dent)


def _sac_section(spine: Spine, frame: CordFrame, entry: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Distance beyond the sac's wall in mm (negative inside, rough), and place from back (-1) to front (1).

    The section is flat in front and tapers backwards, as the dural sac does between the laminae.
    """
    middle, half = (spine.sac_front + spine.sac_back) / 2, (spine.sac_front - spine.sac_back) / 2
    place = (frame.front - middle[entry]) / half[entry]
    squared = place * place
    taper = np.float32(spine.build.taper)
    sideways = frame.right / (spine.sac_half_width[entry] * (1 - taper * (1 - np.clip(place, -1, 1)) / 2))
    section = sideways * sideways + np.where(place > 0, squared * squared, squared)
    return (np.sqrt(section) - 1) * half[entry], place


def _paint_canal(tissue: TissueMap, spine: Spine, frame: CordFrame) -> None:
    entry = spine.index(frame.down)
    beyond, place = _sac_section(spine, frame, entry)
    # Fat fills the corner between the laminae, and thins out along them.
    fat = spine.epidural_fat[entry] * (np.float32(0.4) - np.float32(0.6) * np.clip(place, -1, 0))
    wall = (beyond > 0) & (beyond < 0.8)
    tissue[(beyond > 0) & (beyond < fat) & (place < 0.3)] = Tissue.EPIDURAL_FAT
    tissue[wall & (place > 0.5)] = Tissue.LIGAMENT
    # What bulges into the sac from the front is disc and spur: both dark.
    bulging = (frame.front < spine.canal_front[entry]) & (frame.front > spine.sac_front[entry])
    tissue[bulging & (np.abs(frame.right) < spine.sac_half_width[entry])] = Tissue.DISC
    tissue[beyond <= 0] = Tissue.CSF
    paint_roots(tissue, spine, frame, beyond, place)


def _paint_cord(tissue: TissueMap, spine: Spine, frame: CordFrame) -> None:
    right, front = cord_section(spine, frame)
    inside = (right * right + front * front < 1) & (frame.down < spine.conus)
    down = frame.down[inside]
    tissue[inside] = np.select(
        [down >= 0, down >= -_MEDULLA_MM], [Tissue.WHITE_MATTER, Tissue.MEDULLA], Tissue.BRAINSTEM
    )
    grey = inside & (frame.down >= 0)
    share = spine.grey_share[spine.index(frame.down[grey])]
    tissue[grey] = np.where(
        _butterfly(np.abs(right[grey]), front[grey], share, spine.build.grey_matter),
        Tissue.GREY_MATTER,
        Tissue.WHITE_MATTER,
    )


def _butterfly(side: Floats, front: Floats, share: Floats, size: float) -> npt.NDArray[np.bool_]:
    """Grey matter across the cord: front horns, long slender back horns, and the bridge between them.

    Horns reach as far at all levels, and are as thick as `share`, the grey matter's share of the section, asks for.
    """
    side, front, thick = side / np.float32(size), front / np.float32(size), share / np.float32(_GREY_SHARE)
    front_horn = ((side - 0.37) / (0.185 * thick)) ** 2 + ((front - 0.26) / 0.33) ** 2 < 1
    # The back horn leans outwards: distance from the line (0.23, 0.2) to (0.56, -0.7), slenderer towards its tip.
    lean = np.abs(side - 0.3 + front * np.float32(0.37))
    back_horn = (lean < (0.11 + 0.04 * front) * thick) & (front < 0.2) & (front > -0.7)
    bridge = (np.abs(front - 0.05) < 0.1 * thick) & (side < 0.37)
    result: npt.NDArray[np.bool_] = front_horn | back_horn | bridge
    return result


def _paint_skull(tissue: TissueMap, spine: Spine, frame: CordFrame) -> None:
    """Skull, fluid, brain and cerebellum, where the field of view reaches the head."""
    box = frame.box((float(spine.arc[0]), _NECK_TOP_MM), (-80, 80), (-95, 75))
    if box is None:
        return
    part, inner = tissue[box], frame.cut(box)
    entry = spine.index(inner.down)
    beyond, _ = _sac_section(spine, inner, entry)
    level = spine.level[entry]
    above = inner.down < _NECK_TOP_MM
    part[above & (beyond > -0.5) & (beyond < 7)] = Tissue.MARROW
    part[above & (np.abs(beyond - 0.8) < 1.0)] = Tissue.CORTICAL_BONE
    part[above & (np.abs(beyond - 6.2) < 0.8)] = Tissue.CORTICAL_BONE
    part[above & (beyond < -0.2)] = Tissue.CSF
    folds = np.sin(inner.down * np.float32(1.6) + inner.front * np.float32(0.7)) > -0.8
    behind = inner.front < (spine.cord_front - spine.cord_half_depth - 2)[entry]
    part[above & (beyond < -3.5) & behind & (level > -5) & folds] = Tissue.CEREBELLUM
    part[above & (beyond < -4) & (level < -5.2)] = Tissue.BRAIN
