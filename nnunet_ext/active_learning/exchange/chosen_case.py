"""What is known of a case that somebody is to correct."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.core.cell_lists import split_list
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
    images
        The file of each channel, whose names are BIDS names. Masks are on the grid of the first.
    masks
        For each region the prediction.
    rater
        Empty where the one rater has no name.
    image_sha256
        Of each image as it was when the case was chosen; empty where nobody looked.
    reason
        Why it was chosen, in words.
    model_sha256
        Of the model that predicted.
    """

    case: str
    dataset: str
    images: tuple[Path, ...]
    masks: Mapping[str, Prediction]
    rater: str = ""
    image_sha256: tuple[str, ...] = ()
    reason: str = ""
    model_sha256: str = ""

    @classmethod
    def of_row(cls, row: Row, root: Path, masks: Mapping[str, Prediction], model_sha256: str = "") -> "ChosenCase":
        """Take it from a row of `query.tsv`, whose images lie in the dataset's folder `root`."""
        return cls(
            row["case"],
            row["dataset"],
            tuple(root / image for image in split_list(row["image"])),
            masks,
            rater=filled(row, "rater"),
            image_sha256=split_list(filled(row, "image_sha256")),
            reason=filled(row, "reason"),
            model_sha256=model_sha256,
        )
