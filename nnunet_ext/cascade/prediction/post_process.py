"""Mending a segmentation by rules, and telling what that changed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from scipy import ndimage

from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.prediction.post_processing import OutsideCord, PostProcessing
from nnunet_ext.core.components import components
from nnunet_ext.core.labels import CORD, Labelling, Mask, Masks, region_mask, union
from nnunet_ext.core.rounding import at_least
from nnunet_ext.core.tube import SMALLEST_CORD_MM3, largest_tube
from nnunet_ext.core.volume import Affine, Volume, voxel_volume_mm3

_NEIGHBOURS: Final = 26


@dataclass(frozen=True)
class Change:
    """What one rule did to one region.

    Parameters
    ----------
    rule
        Its name in the sidecar.
    region
        Of the model. What it loses, its parts lose, too; what a part loses stays in its whole.
    voxels
        Removed or, where holes were filled, added.
    components
        That these voxels make (26 neighbours).
    volume_mm3
        Of these voxels.
    """

    rule: str
    region: str
    voxels: int
    components: int
    volume_mm3: float


@dataclass(frozen=True, eq=False)
class PostProcessed:
    """Mended masks, what each rule changed (0 voxels where nothing), and warnings."""

    masks: Masks
    changes: tuple[Change, ...]
    warnings: tuple[str, ...]


def post_process(masks: Mapping[str, Mask], regions: Labelling, affine: Affine, rules: PostProcessing) -> PostProcessed:
    """Apply the rules but the threshold, which needs probabilities.

    The cord, for these rules, is the largest tube (see `largest_tube`) of those of its pieces that hold a voxel beside
    the lesions: a lesion that was found in a kidney makes no cord of its own. Where all that was found of the cord is
    lesion, or the rest is less than `SMALLEST_CORD_MM3`, nobody can tell what lies outside of it: the rules that ask
    for a cord then remove nothing, and a warning says so. One is given, too, where a rule leaves nothing of a region.

    Holes are filled in 3-D: a hole is a piece of background that no step to any of the 26 neighbours leads out of, as
    in ivadomed, by which Lemay et al. filled theirs. Slice by slice, a cavity along the cord would be a hole of the
    tumour around it. For the same reason a voxel of another part, such as a cavity within the core, is no hole.

    Parameters
    ----------
    masks
        Of each region, shape (i, j, k); they may be empty, and then no rule changes them. They are not written to.
    regions
        How they lie in each other; they still do afterwards.
    affine
        4 x 4, voxel to world in mm: volumes and the tube need it.
    """
    # Connected components of a whole-spine scan would take gigabytes, and all that is looked at lies in this box.
    box = Box.around(union(masks.values())) or Box((0, 0, 0), (1, 1, 1))
    now = {name: np.array(mask[box.slices], dtype=np.bool_) for name, mask in masks.items()}
    frame = _Frame(regions, affine)
    now, changes = _as_nnunet(frame, now, rules.largest_of)
    warnings: list[str] = []
    for step in _steps(frame, rules):
        voxels = step.find(now)
        changes.append(frame.measure(step.rule, step.region, voxels))
        before, change = now, frame.added if step.adds else frame.removed
        now = change(before, step.region, voxels)
        warnings += frame.said(step, before, now)
    mended = {name: np.zeros_like(mask, dtype=np.bool_) for name, mask in masks.items()}
    for name, mask in now.items():
        mended[name][box.slices] = mask
    flagged = _flagged(frame, now) if rules.outside_cord is OutsideCord.FLAG else ()
    return PostProcessed(mended, tuple(changes), (*dict.fromkeys(warnings), *flagged))


def _as_nnunet(frame: "_Frame", masks: Masks, largest_of: Sequence[tuple[int, ...]]) -> tuple[Masks, list[Change]]:
    """Apply nnU-Net's own post-processing to the label map, as `nnUNetv2_apply_postprocessing` does.

    See `remove_all_but_largest_component_from_segmentation` of nnU-Net 2.8.1: 26 neighbours, and of several components
    that are the largest all stay.
    """
    changes = []
    for values in largest_of:
        labels = frame.regions.draw(masks)
        pieces, _ = components(region_mask(labels, values), _NEIGHBOURS)
        sizes = np.bincount(pieces.ravel())
        sizes[0] = 0
        gone: Mask = (pieces > 0) & (sizes < sizes.max())[pieces]
        told = f"labels {', '.join(map(str, values))}"
        changes.append(frame.measure("LargestOfLabels", told, gone))
        labels[gone] = 0
        masks = frame.regions.take(labels)
    return masks, changes


@dataclass(frozen=True)
class _Step:
    """One rule for one region: finds voxels, which the region then loses or gains."""

    rule: str
    region: str
    find: Callable[[Masks], Mask]
    adds: bool = False
    needs_cord: bool = False


def _steps(frame: "_Frame", rules: PostProcessing) -> list[_Step]:
    regions = frame.regions
    steps = []
    if rules.largest_cord and CORD in regions.names:
        steps.append(_Step("LargestCord", CORD, partial(frame.beyond_the_found, (CORD,)), needs_cord=True))
    if rules.outside_cord is OutsideCord.REMOVE and regions.lesions:
        steps.append(_Step("OutsideCord", CORD, partial(frame.beyond_the_found, regions.lesions), needs_cord=True))
    steps += [_Step("FillHoles", name, partial(frame.holes, name), adds=True) for name in rules.fill_holes]
    wholes_first = sorted(rules.smallest_mm3, key=lambda rule: len(regions.around(rule[0])))
    return steps + [_Step("SmallestMm3", name, partial(frame.small, name, mm3)) for name, mm3 in wholes_first]


def _flagged(frame: "_Frame", masks: Masks) -> tuple[str, ...]:
    if not frame.regions.lesions:
        return ()
    found = frame.measure("OutsideCord", CORD, frame.outside(masks))
    sentence = (
        f"{found.voxels} voxels ({found.volume_mm3:g} mm3, {found.components} components) of "
        f"{'/'.join(frame.regions.lesions)} lie outside the cord and were kept"
    )
    return (sentence,) if found.voxels else ()


@dataclass(frozen=True, eq=False)
class _Frame:
    """What stays the same while masks change."""

    regions: Labelling
    affine: Affine

    @property
    def voxel_mm3(self) -> float:
        return voxel_volume_mm3(self.affine)

    def added(self, masks: Masks, region: str, voxels: Mask) -> Masks:
        grown = (region, *self.regions.around(region))
        return {name: mask | voxels if name in grown else mask for name, mask in masks.items()}

    def removed(self, masks: Masks, region: str, voxels: Mask) -> Masks:
        shrunk = (region, *self.regions.inside(region))
        return {name: mask & ~voxels if name in shrunk else mask for name, mask in masks.items()}

    def measure(self, rule: str, region: str, voxels: Mask) -> Change:
        count = int(np.count_nonzero(voxels))
        pieces = components(voxels, _NEIGHBOURS)[1] if count else 0
        return Change(rule, region, count, int(pieces), round(count * self.voxel_mm3, 3))

    def cord(self, masks: Masks) -> Mask:
        cord = masks[CORD]
        if self.regions.lesions and cord.any():
            pieces, _ = components(cord, _NEIGHBOURS)
            more_than_lesion = np.zeros(int(pieces.max()) + 1, dtype=np.bool_)
            more_than_lesion[pieces[cord & ~union(masks[name] for name in self.regions.lesions)]] = True
            cord = more_than_lesion[pieces]
        return largest_tube(Volume(cord, self.affine))

    def cord_found(self, masks: Masks) -> Mask:
        cord = self.cord(masks)
        enough = at_least(np.count_nonzero(cord) * self.voxel_mm3, SMALLEST_CORD_MM3)
        return cord if enough or not self.regions.lesions else np.zeros_like(cord)

    def beyond_the_found(self, regions: Sequence[str], masks: Masks) -> Mask:
        cord = self.cord_found(masks)
        return union(masks[name] for name in regions) & ~cord & cord.any()

    def outside(self, masks: Masks) -> Mask:
        return union(masks[name] for name in self.regions.lesions) & ~self.cord(masks)

    def said(self, step: _Step, before: Masks, after: Masks) -> list[str]:
        """Say what a reader must know of a rule: that it had no cord to go by, or left nothing of a region."""
        if step.adds:
            return []
        of_cord = (CORD, *self.regions.lesions)
        if step.needs_cord and any(before[name].any() for name in of_cord) and not self.cord_found(before).any():
            beside = f" beside {'/'.join(self.regions.lesions)}" if self.regions.lesions else ""
            return [f"no cord was found{beside}: {step.rule} removed nothing as outside the cord"]
        gone = [name for name, mask in before.items() if mask.any() and not after[name].any()]
        lost = [(name, self.measure(step.rule, name, before[name])) for name in gone]
        return [
            f"{step.rule} left nothing of {name}: {was.voxels} voxels ({was.volume_mm3:g} mm3, {was.components} "
            f"components) were removed"
            for name, was in lost
        ]

    def holes(self, region: str, masks: Masks) -> Mask:
        mask = masks[region]
        holes = np.zeros_like(mask)
        box = Box.around(mask)
        if box is not None:  # all outside the box of a mask is outside the mask
            whole = ndimage.binary_fill_holes(mask[box.slices], structure=np.ones((3, 3, 3), dtype=np.bool_))
            holes[box.slices] = whole & ~mask[box.slices]
        for other in self.regions.beside(region):
            holes &= ~masks[other]
        return holes

    def small(self, region: str, smallest_mm3: float, masks: Masks) -> Mask:
        pieces, _ = components(masks[region], _NEIGHBOURS)
        small = ~at_least(np.bincount(pieces.ravel()) * self.voxel_mm3, smallest_mm3)
        small[0] = False
        found: Mask = small[pieces]
        return found
