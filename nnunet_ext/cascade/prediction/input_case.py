"""A case that is to be predicted, by names alone."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class InputCase:
    """A case to predict.

    Parameters
    ----------
    name
        Its identifier; of a BIDS image the stem, such as `sub-01_ses-02_T2w`.
    images
        The file of each channel; None where it is missing and shall be zero.
    sources
        The files' names for sidecars: relative to a BIDS folder, else without any folder; empty where missing.
    folder
        Where its outputs go below the output folder, such as `sub-01/ses-02/anat`; empty where the name is not BIDS.
    reason
        Why it cannot be predicted, or is left out; empty where it is to be predicted.
    refused
        Whether that is a fault, rather than left out knowingly.
    """

    name: str
    images: tuple[Path | None, ...]
    sources: tuple[str, ...]
    folder: str = ""
    reason: str = ""
    refused: bool = False

    @property
    def is_bids(self) -> bool:
        """Whether the name ends with a contrast, which BIDS does not keep at the end of a mask's name."""
        return bool(self.folder)
