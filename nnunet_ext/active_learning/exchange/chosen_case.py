"""What is known of a case that somebody is to correct."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.core.tables import Row, filled
from nnunet_ext.core.volume import Volume

Prediction = Path | Volume
"""A mask of one region as a file, or in memory: what is not zero is drawn."""


@dataclass(frozen=True, eq=False)
class ChosenCase:
    """A case for one rater.

    Parameters
    ----------
    case, dataset
        Its identifier, and the dataset of the pool that it comes from.
    image
        Its file, whose name is a BIDS name.
    masks
        For each region the prediction, on the image's grid.
    rater
        Empty where the one rater has no name.
    image_sha256
        As it was when the case was chosen; empty where nobody looked.
    reason
        Why it was chosen, in words.
    model_sha256
        Of the model that predicted.
    """

    case: str
    dataset: str
    image: Path
    masks: Mapping[str, Prediction]
    rater: str = ""
    image_sha256: str = ""
    reason: str = ""
    model_sha256: str = ""

    @classmethod
    def of_row(cls, row: Row, image: Path, masks: Mapping[str, Prediction], model_sha256: str = "") -> "ChosenCase":
        """Take it from a row of `query.tsv`."""
        known = {name: filled(row, name) for name in ("rater", "image_sha256", "reason")}
        return cls(row["case"], row["dataset"], image, masks, model_sha256=model_sha256, **known)
