"""A case on the desk of a rater."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class DeskCase:
    """A case that somebody is to correct.

    Parameters
    ----------
    number
        Its own on this desk.
    name
        As `marks.tsv` calls it.
    image
        The first channel, on whose grid is drawn.
    image_sha256
        Of that file; empty where it is not known.
    masks
        For each region the mask as it was given: what is corrected. A region without one starts empty.
    output
        For each region that can be drawn the file that the corrected mask goes to.
    probabilities
        For each region of which there is one the image of its probability, from 0 to 1, on the image's grid.
    reason, score
        Why the case was chosen, for people; empty where a rater is not to know.
    """

    number: int
    name: str
    image: Path
    image_sha256: str
    masks: Mapping[str, Path]
    output: Mapping[str, Path]
    probabilities: Mapping[str, Path] = field(default_factory=dict)
    reason: str = ""
    score: str = ""
