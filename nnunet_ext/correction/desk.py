"""The desk of one rater: a queue of cases, and where its work lies."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.active_learning.ingest.opinion import LesionPolicy
from nnunet_ext.core.target import Target
from nnunet_ext.correction.desk_case import DeskCase

HIDDEN: Final = ".desk"
"""Folder of what is not given back: drafts, holds, and what others took the place of."""

_NOT_NAMED_SO: Final = re.compile(r"[^0-9A-Za-z._-]")
_LONGEST: Final = 80


@dataclass(frozen=True)
class DeskRegion:
    """A region that is drawn.

    Parameters
    ----------
    name
        As the target calls it.
    label
        For people.
    inside
        The region that it lies in; empty where it lies in none.
    """

    name: str
    label: str
    inside: str = ""


@dataclass(frozen=True)
class Desk:
    """A queue of cases for one rater.

    Parameters
    ----------
    title
        For people.
    rater
        Who; empty where raters have no names.
    cases
        In the order in which they are shown.
    regions
        In the model's order, outermost first.
    place
        Folder of marks and effort, of drafts and holds; of a blind rater it is nobody else's.
    policy
        For lesion voxels outside the cord.
    blind
        Whether the rater is to see nothing of references, other raters and earlier rounds.
    """

    title: str
    rater: str
    cases: tuple[DeskCase, ...]
    regions: tuple[DeskRegion, ...]
    place: Path
    policy: LesionPolicy = "refuse"
    blind: bool = False

    @property
    def hidden(self) -> Path:
        """The folder of what is not given back."""
        return self.place / HIDDEN

    @property
    def superseded(self) -> Path:
        """The folder of files that others took the place of."""
        return self.hidden / "superseded"

    def case(self, number: int) -> DeskCase | None:
        """Give the case of a number; None where there is none."""
        return next((one for one in self.cases if one.number == number), None)

    def layers(self, case: DeskCase) -> tuple[str, ...]:
        """Name the regions of a case that can be drawn, outermost first."""
        return tuple(region.name for region in self.regions if region.name in case.output)


def desk_regions(target: Target) -> tuple[DeskRegion, ...]:
    """Take the classes of a target, each called by its own name."""
    within = dict(target.within)
    return tuple(DeskRegion(name, name, within.get(name, "")) for name, _ in target.classes)


def key_of(*names: str) -> str:
    """Name a file after a case, and whatever else tells it from others: any text gives a name of its own."""
    readable = _NOT_NAMED_SO.sub("", names[0])[:_LONGEST].lstrip(".")
    digest = hashlib.sha256("\n".join(names).encode("utf-8", errors="surrogatepass")).hexdigest()
    return f"{readable}-{digest[:12]}"
