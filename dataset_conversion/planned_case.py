"""One image that was found, and what is to become of it."""

from dataclasses import dataclass, replace

from nnunet_ext.dataset_conversion.names import ImageName
from nnunet_ext.dataset_conversion.source import Source


@dataclass(frozen=True)
class PlannedCase:
    """One image that was found, and what is to become of it.

    Parameters
    ----------
    case
        `{dataset}_{BIDS stem}`.
    source
        Where it lies.
    name
        Its name taken apart, None where it is not a BIDS name.
    site
        Of the participant, the dataset's name where none is given.
    image
        Path relative to the source's root.
    labels
        For each class the label's relative path, None where the class is known to be absent.
    split
        `train`, `test` or `pool`; empty for a skipped image.
    reason
        Why it is skipped; empty where it is included.
    refused
        Whether the image was refused, by a fault or by the policy `error`, rather than left out knowingly.
    """

    case: str
    source: Source
    name: ImageName | None
    site: str
    image: str
    labels: tuple[tuple[str, str | None], ...] = ()
    split: str = ""
    reason: str = ""
    refused: bool = False

    @property
    def patient(self) -> tuple[str, str]:
        """Dataset and subject: the unit of splits."""
        return self.source.name, self.name.subject if self.name else self.image

    def refuse(self, reason: str) -> "PlannedCase":
        """Give the case refused for `reason`."""
        return replace(self, split="", reason=reason, refused=True)

    def skip(self, reason: str) -> "PlannedCase":
        """Give the case left out knowingly for `reason`."""
        return replace(self, split="", reason=reason)
