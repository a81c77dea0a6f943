"""Painting the vertebrae: bodies and discs in front of the canal, arches and spines behind it."""

import numpy as np
import numpy.typing as npt

from nnunet_ext.phantom.cord import TissueMap
from nnunet_ext.phantom.cord_coordinates import CordFrame
from nnunet_ext.phantom.spine import Floats, Spine
from nnunet_ext.phantom.tissues import Tissue

_SHELL_MM = 0.9  # compact bone around the marrow
_BEHIND_MM = 55.0
_PILLAR_MM = 13.0  # from the sac's side to the outer edge of the joints


def paint_vertebrae(tissue: TissueMap, spine: Spine, frame: CordFrame) -> None:
    """Paint bodies, discs, arches, joints and spinous processes into `tissue`, in place."""
    end = float(spine.arc[-1])
    half_width, front = float(spine.body_half_width.max()), float((spine.canal_front + spine.body_depth).max())
    box = frame.box((0, end), (-half_width, half_width), (3, front))
    if box is not None:
        _paint_bodies(tissue[box], spine, frame.cut(box))
    neck = spine.arc > 0
    reach = float(spine.sac_half_width[neck].max()) + _PILLAR_MM
    box = frame.box((0, end), (-reach, reach), (-_BEHIND_MM, 8))
    if box is not None:
        _paint_arches(tissue[box], spine, frame.cut(box))


def _paint_bodies(tissue: TissueMap, spine: Spine, frame: CordFrame) -> None:
    entry = spine.index(frame.down)
    level = spine.level[entry]
    number = level.astype(np.intp)
    share = level - number
    waist = 1 - 0.12 * (1 - (2 * share - 1) ** 2)
    across = np.abs(frame.right) / (spine.body_half_width[entry] * waist)
    deep = (frame.front - spine.canal_front[entry]) / (spine.body_depth[entry] * waist)
    along = (2 * deep - 1) ** 2
    section = across * across * across + along * along
    inside = (section < 1) & (deep > 0) & (frame.down > 0)
    disc_top = 1 - spine.disc_share[entry]
    in_disc = share > disc_top
    to_plate = np.minimum(share, np.abs(disc_top - share)) * spine.level_height[entry]
    # The tooth of C2 stands up through C1: no plate between the two.
    plate = (to_plate < _SHELL_MM) & ~in_disc & (level > 1.4)
    shell = (section > 1 - 3 * _SHELL_MM / spine.body_half_width[entry]) & ~in_disc
    wet = np.array(spine.build.hydration)[number] > 0.4
    tissue[inside] = Tissue.MARROW
    tissue[inside & (shell | plate)] = Tissue.CORTICAL_BONE
    tissue[inside & in_disc] = Tissue.DISC
    tissue[inside & in_disc & wet & (section < 0.35)] = Tissue.NUCLEUS
    atlas = (np.abs(level - 0.5) < 0.3) & (np.abs(deep - 1.3) < 0.2) & (np.abs(frame.right) < 10)
    tissue[atlas & (frame.down > 0)] = Tissue.MARROW


def _paint_arches(tissue: TissueMap, spine: Spine, frame: CordFrame) -> None:
    entry = spine.index(frame.down)
    side = np.abs(frame.right)
    neck = frame.down > 0
    _paint_joints(tissue, spine, frame, entry, neck)
    # Laminae and spines slope down: a place further back belongs to a vertebra further up.
    behind = np.maximum(spine.canal_back[entry] - frame.front, 0)
    sloped = spine.index(frame.down - behind * spine.spine_slope[entry])
    share = spine.level[sloped] % 1
    beyond = _beyond_canal(spine, frame, entry) - spine.epidural_fat[entry]
    back = neck & (frame.front < 2)
    tissue[back & (beyond > 0) & (beyond < 3)] = Tissue.LIGAMENT
    lamina = back & (beyond > 0) & (beyond < 5.5) & (np.abs(share - 0.5) < 0.3)
    tissue[lamina] = Tissue.MARROW
    tissue[lamina & ((beyond < _SHELL_MM) | (beyond > 4.6) | (np.abs(share - 0.5) > 0.26))] = Tissue.CORTICAL_BONE
    _paint_spines(tissue, spine, side, behind - spine.epidural_fat[entry], share, sloped, neck)


def _paint_spines(
    tissue: TissueMap,
    spine: Spine,
    side: Floats,
    behind: Floats,
    share: Floats,
    sloped: npt.NDArray[np.intp],
    neck: npt.NDArray[np.bool_],
) -> None:
    between = neck & (side < 3.2) & (behind > 2) & (behind < 0.8 * spine.spine_length[sloped])
    tissue[between] = Tissue.LIGAMENT
    tissue[between & (side > 1.2)] = Tissue.FAT
    process = between | (neck & (side < 4) & (behind > 2) & (behind < spine.spine_length[sloped]))
    process &= np.abs(share - 0.55) < 0.27
    tissue[process] = Tissue.MARROW
    tissue[process & ((side > 2.6) | (np.abs(share - 0.55) > 0.23))] = Tissue.CORTICAL_BONE


def _paint_joints(
    tissue: TissueMap, spine: Spine, frame: CordFrame, entry: npt.NDArray[np.intp], neck: npt.NDArray[np.bool_]
) -> None:
    """Pedicles, the holes between them with their fat and root, and the pillars with their slanting joints."""
    outward = np.abs(frame.right) - spine.sac_half_width[entry] - 1
    slanted = spine.index(frame.down + frame.front * 0.8)
    share, joint = spine.level[entry] % 1, spine.level[slanted] % 1
    # A rounded square.
    across, deep = (outward - 6.5) / 5.5, (frame.front + 4) / 6.5
    pillar = neck & (np.abs(across * across * across) + np.abs(deep * deep * deep) < 1)
    tissue[pillar] = Tissue.MARROW
    tissue[pillar & ((np.abs(joint - 0.9) < 0.06) | (outward > 10.6))] = Tissue.CORTICAL_BONE
    hole = neck & (outward > 0) & (outward < 7) & (np.abs(frame.front - 3) < 4.5)
    tissue[hole] = Tissue.FAT
    root = hole & (np.abs(share - 0.85) < 0.12) & (np.abs(frame.front - 2.5) < 1.8)
    tissue[root] = Tissue.NERVE
    pedicle = hole & (np.abs(share - 0.32) < 0.28)
    tissue[pedicle] = Tissue.MARROW
    tissue[pedicle & (outward < _SHELL_MM)] = Tissue.CORTICAL_BONE


def _beyond_canal(spine: Spine, frame: CordFrame, entry: npt.NDArray[np.intp]) -> Floats:
    """Distance in mm beyond the bony canal, rough: the sac's section before anything pressed on it."""
    middle, half = (spine.canal_front + spine.canal_back) / 2, (spine.canal_front - spine.canal_back) / 2
    place = (frame.front - middle[entry]) / half[entry]
    sideways = frame.right / (spine.sac_half_width[entry] * (0.9 + 0.1 * np.clip(place, -1, 1)))
    result: Floats = (np.sqrt(sideways * sideways + place * place) - 1) * half[entry]
    return result
