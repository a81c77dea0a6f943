"""Crop margins that configure themselves: as wide as the labels of a dataset need them, and no wider."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from nnunet_ext.cascade.box import Box, Margins, faces
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.rounding import more_than, whole_up
from nnunet_ext.core.tube import largest_tube
from nnunet_ext.core.volume import Array, Volume

RESERVE_MM: Final = 5.0
"""Added to what the dataset needs, for the images that are not in it: a vertebra's third, half a cord's width."""

LOST_MM: Final = 30.0
"""A case that needs this much more than every other (a vertebra and a half) is no measure of them: there the localizer
lost a part of the cord. Its own training box is widened to hold its labels."""

_FEWEST: Final = 5  # cases, below which one that differs may as well be the rule


@dataclass(frozen=True)
class FaceNeed:
    """What decided the margin of one face.

    Parameters
    ----------
    needed_mm
        The smallest margin that keeps every label voxel of every case.
    case
        The one that needs it.
    next_mm
        What would be needed without that case.
    lost
        Whether it is left out, since the localizer failed there; see `LOST_MM`.
    """

    needed_mm: float
    case: str
    next_mm: float
    lost: bool = False

    @property
    def relied_on_mm(self) -> float:
        """What the margin must reach."""
        return self.next_mm if self.lost else self.needed_mm


@dataclass(frozen=True)
class MarginPlan:
    """Margins and the figures behind them.

    Parameters
    ----------
    margins
        What is needed and the reserve, rounded up to whole millimetres. One case alone, in which the localizer lost a
        part of the cord, does not count at that face.
    cases
        Number of cases that they rest on.
    """

    margins: Margins
    reserve_mm: float
    needs: Mapping[str, FaceNeed]
    cases: int

    def content(self) -> dict[str, Any]:
        """Give the figures as JSON says them."""
        chosen = self.margins.by_face()
        figures = {
            face: {
                "mm": chosen[face],
                "needed_mm": need.needed_mm,
                "case": need.case,
                "without_it_mm": need.next_mm,
                "case_left_out": need.lost,
            }
            for face, need in self.needs.items()
        }
        return {"reserve_mm": self.reserve_mm, "cases": self.cases, "faces": figures}


def needed_margins(cord: Volume, labels: Array) -> Margins | None:
    """Find the smallest margins around a predicted cord that keep every label voxel.

    Parameters
    ----------
    cord
        Predicted mask, any orientation.
    labels
        The truth on the same grid, shape (i, j, k); every voxel above 0 is kept. An empty one needs no margin.

    Returns
    -------
    Margins or None
        None where no cord was predicted: no margin around nothing helps.
    """
    tube, kept = Box.around(largest_tube(cord)), Box.around(labels)
    if tube is None:
        return None
    kept = tube if kept is None else tube.union(kept)
    needed = {}
    for axis, (low, high) in enumerate(faces(cord.axes)):
        needed[low] = (tube.start[axis] - kept.start[axis]) * cord.spacing[axis]
        needed[high] = (kept.stop[axis] - tube.stop[axis]) * cord.spacing[axis]
    return Margins(**needed)


def plan_margins(needs: Mapping[str, Margins], reserve_mm: float = RESERVE_MM) -> MarginPlan:
    """Choose the margins of a dataset.

    Parameters
    ----------
    needs
        For each case what `needed_margins` found with a cord that was predicted by a network that had not seen it.

    Raises
    ------
    DataRefusedError
        Where there is no case.
    """
    if not needs:
        raise DataRefusedError(
            "crop margins: no training case has both a predicted cord and labels to derive them from; "
            "give them with --margins-file crop_metadata.json"
        )
    figures = {face: _need(face, needs) for face in next(iter(needs.values())).by_face()}
    chosen = {face: float(whole_up(need.relied_on_mm + reserve_mm)) for face, need in figures.items()}
    return MarginPlan(Margins(**chosen), reserve_mm, figures, len(needs))


def _need(face: str, needs: Mapping[str, Margins]) -> FaceNeed:
    ranked = sorted(((margins.by_face()[face], case) for case, margins in needs.items()), key=lambda pair: -pair[0])
    (needed, case), others = ranked[0], ranked[1:]
    following = others[0][0] if others else 0.0
    lost = len(needs) >= _FEWEST and more_than(needed - following, LOST_MM)
    return FaceNeed(round(needed, 3), case, round(following, 3), lost)
