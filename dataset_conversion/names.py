"""Reading BIDS file names, and the label names that labs derive from them."""

import re
from dataclasses import dataclass
from typing import Final

ENDINGS: Final = (".nii.gz", ".nii")
_STEM: Final = re.compile(r"sub-[0-9A-Za-z+]+(?:_[0-9A-Za-z]+-[0-9A-Za-z+]+)*_[0-9A-Za-z+]+")


@dataclass(frozen=True)
class ImageName:
    """The name of an image.

    Parameters
    ----------
    stem
        File name without folder and ending.
    entities
        Key and value of each part between underscores, in their order, such as ``("sub", "01")``.
    suffix
        The last part: the contrast, such as ``T2w``.
    """

    stem: str
    entities: tuple[tuple[str, str], ...]
    suffix: str

    def entity(self, key: str) -> str:
        """Give an entity's value, empty where the name has none of that key."""
        return dict(self.entities).get(key, "")

    @property
    def subject(self) -> str:
        """The subject with its prefix, ``sub-01``."""
        return f"sub-{self.entity('sub')}"

    def fill(self, template: str, rater: str = "") -> str:
        """Name a label by a profile's template, see `ClassProfile.templates`."""
        without_suffix = self.stem.rsplit("_", 1)[0]
        return template.format(image=self.stem, entities=without_suffix, suffix=self.suffix, rater=rater)


def parse_image_name(file_name: str) -> ImageName | None:
    """Take an image's file name apart; None where it is not a BIDS name.

    Examples
    --------
    >>> parse_image_name("sub-01_ses-M12_acq-sag_T2w.nii.gz").entity("acq")
    'sag'
    >>> parse_image_name("sub-01 (copy)_T2w.nii.gz") is None
    True
    """
    stem = strip_ending(file_name)
    if not _STEM.fullmatch(stem):
        return None
    *pairs, suffix = stem.split("_")
    entities = tuple((key, value) for key, _, value in (pair.partition("-") for pair in pairs))
    if len({key for key, _ in entities}) < len(entities):  # two subjects in one name: whose is it?
        return None
    return ImageName(stem, entities, suffix)


def strip_ending(file_name: str) -> str:
    """Drop `.nii.gz` or `.nii`."""
    for ending in ENDINGS:
        if file_name.endswith(ending):
            return file_name[: -len(ending)]
    return file_name
