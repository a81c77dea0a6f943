"""One case: what was found, and what is to become of it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from nnunet_ext.core.names import ImageName
from nnunet_ext.core.slices import Slices
from nnunet_ext.dataset_conversion.source import Source

Split = Literal["", "train", "test", "pool"]


@dataclass(frozen=True)
class PlannedLabel:
    """What is known of one class of a case.

    Parameters
    ----------
    name
        The class.
    files
        Rater (empty where unnamed) and relative path of each of its masks. Empty where there is none.
    why_empty
        Without files: why the class is known to be absent. Empty where it is not known, so that nobody has looked.
    root
        Where the files lie, of masks that were verified before: 0 and 1, on their image's grid. None for those of the
        dataset, which its profile explains.
    slices
        Those that somebody looked at; None for all.
    """

    name: str
    files: tuple[tuple[str, str], ...] = ()
    why_empty: str = ""
    root: Path | None = None
    slices: Slices | None = None

    @property
    def annotated(self) -> bool:
        """Whether anything is known of the class."""
        return bool(self.files or self.why_empty)


@dataclass(frozen=True)
class PlannedCase:
    """One image that was found, with the other channels of its case, and what is to become of it.

    Parameters
    ----------
    case
        `{dataset}_{BIDS stem}`, with the rater's name behind it where every rater's mask makes a case.
    source
        Where it lies.
    name
        Its name taken apart, None where it is not a BIDS name.
    site
        Of the participant, the dataset's name where none is given.
    images
        For each channel the path relative to the source's root, empty where the case has no such image.
    pathology
        As participants.tsv says it; empty where it does not.
    labels
        What is known of each class.
    split
        `train`, `test` or `pool`; empty for a skipped image.
    split_by
        What put it there: a draw, a list, a rule for its site.
    reason
        Why it is skipped; empty where it is included.
    refused
        Whether it was refused, by a fault or by the policy `error`, rather than left out knowingly.
    person
        Dataset and subject by which its person is known, where that person has several subject names.
    """

    case: str
    source: Source
    name: ImageName | None
    site: str
    images: tuple[str, ...]
    pathology: str = ""
    labels: tuple[PlannedLabel, ...] = ()
    split: Split = ""
    split_by: str = ""
    reason: str = ""
    refused: bool = False
    person: tuple[str, str] | None = None

    @property
    def image(self) -> str:
        """The image whose grid the case has: that of its first channel, or of the first that it has."""
        return next(image for image in self.images if image)

    @property
    def patient(self) -> tuple[str, str]:
        """The person, as dataset and subject: the unit of splits."""
        return self.person or self.own

    @property
    def own(self) -> tuple[str, str]:
        """Dataset and subject, as the file says."""
        return self.source.name, self.name.subject if self.name else self.image

    @property
    def not_annotated(self) -> tuple[str, ...]:
        """Classes that a trainer must take as annotated by nobody.

        Of a class that is missing everywhere a trainer concludes what its ignored voxels are: of a corrected cord
        without lesions, that they are cord. Where slices were left out that is not so: then all classes that were
        corrected are named, too, and a trainer concludes nothing.
        """
        partly = any(label.slices is not None for label in self.labels)
        return tuple(label.name for label in self.labels if not label.annotated or (partly and label.root is not None))

    @property
    def verified(self) -> bool:
        """Whether its masks were verified before, so that no profile has a say in them."""
        return any(label.root is not None for label in self.labels)

    def refuse(self, reason: str) -> "PlannedCase":
        """Give the case refused for `reason`."""
        return replace(self, split="", split_by="", reason=reason, refused=True)

    def skip(self, reason: str) -> "PlannedCase":
        """Give the case left out knowingly for `reason`."""
        return replace(self, split="", split_by="", reason=reason)
