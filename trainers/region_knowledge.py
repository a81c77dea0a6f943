"""What is known of each region where a class was not annotated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class RegionKnowledge:
    """What is known of the voxels that hold the ignore label in one case.

    Parameters
    ----------
    known
        For each region whether these voxels are known to be in it, or known not to be.
    inside
        For each region whether they are in it; only meaningful where known.
    """

    known: tuple[bool, ...]
    inside: tuple[bool, ...]


def knowledge_where_ignored(
    regions: Sequence[Sequence[int]],
    classes: Mapping[str, int],
    within: Mapping[str, str],
    not_annotated: Sequence[str],
) -> RegionKnowledge:
    """Work out what the ignore label means in a case in which classes were not annotated.

    The converter draws it wherever one of these classes may be, and nowhere else: a voxel that holds it has either the
    label of such a class, or the one that it would have without. Of a cord whose lesion nobody annotated every voxel
    is ignored, and every such voxel is cord, lesion or not.

    Parameters
    ----------
    regions
        Label values of each region, in the order of the network's outputs.
    classes
        Label value of each class, in the order in which they are drawn over each other.
    within
        For a class the class that it lies inside of.
    not_annotated
        Classes of the case that nobody annotated; where there is none, nothing is known of ignored voxels.

    Examples
    --------
    >>> classes, within = {"sc": 1, "lesion": 2}, {"lesion": "sc"}
    >>> knowledge_where_ignored([(1, 2), (2,)], classes, within, ["lesion"])
    RegionKnowledge(known=(True, False), inside=(True, False))
    >>> knowledge_where_ignored([(1, 2), (2,)], classes, within, ["sc"])
    RegionKnowledge(known=(False, True), inside=(False, False))
    """
    possible = {classes[name] for name in not_annotated}
    for name in not_annotated:
        possible |= _without(name, classes, within, not_annotated)
    inside = [bool(possible) and possible <= set(values) for values in regions]
    outside = [bool(possible) and not possible & set(values) for values in regions]
    return RegionKnowledge(
        known=tuple(one or other for one, other in zip(inside, outside, strict=True)), inside=tuple(inside)
    )


def _without(
    name: str, classes: Mapping[str, int], within: Mapping[str, str], not_annotated: Sequence[str]
) -> set[int]:
    """Give the labels that a voxel may have if it is not of class `name`: those drawn below it, or none."""
    drawn = list(classes)
    holder = within.get(name)
    if holder is None or holder in not_annotated:
        return {0, *(classes[below] for below in drawn[: drawn.index(name)])}
    return {classes[below] for below in drawn[drawn.index(holder) : drawn.index(name)]}
