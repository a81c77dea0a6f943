"""What is to be taken in of a round, and how."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.active_learning.ingest.consensus import RaterConsensus
from nnunet_ext.active_learning.ingest.opinion import LesionPolicy
from nnunet_ext.core.tables import NOTHING
from nnunet_ext.core.target import Target


@dataclass(frozen=True)
class Returned:
    """A folder that came back.

    Parameters
    ----------
    rater
        Whose; empty where raters have no names, `consensus` for what was settled where they differed.
    folder
        Of any layout.
    """

    rater: str
    folder: Path


@dataclass(frozen=True)
class IngestJob:
    """What to take in, and how.

    Parameters
    ----------
    target
        Its classes are the regions of the masks.
    pool
        For each dataset its folder.
    given
        The masks as they were given out; nobody may have edited these files.
    returned
        The folders that came back.
    verified
        Where verified masks go.
    model_sha256, round
        For the record.
    lesion_outside_cord, consensus
        See `LesionPolicy` and `RaterConsensus`.
    """

    target: Target
    pool: Mapping[str, Path]
    given: Path
    returned: tuple[Returned, ...]
    verified: Path
    model_sha256: str = NOTHING
    round: int = 1
    lesion_outside_cord: LesionPolicy = "refuse"
    consensus: RaterConsensus = "majority"
