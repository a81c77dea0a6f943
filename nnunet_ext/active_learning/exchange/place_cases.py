"""Where the cases of several datasets stand in one BIDS tree."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Final

from nnunet_ext.active_learning.exchange.chosen_case import ChosenCase
from nnunet_ext.active_learning.exchange.mask_names import mask_stem
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.names import Dialect, label_name, parse_image_name

PREDICTED: Final = PurePosixPath("derivatives/labels")
"""Below a rater's folder: the predictions, which nobody edits."""

CORRECTED: Final = PurePosixPath("derivatives/corrected")
"""Below a rater's folder: copies of the predictions, for the rater to edit and to save under the same name."""


@dataclass(frozen=True, eq=False)
class PlacedCase:
    """A case, and its names in a rater's folder.

    Parameters
    ----------
    chosen
        The case.
    stem, folder
        Of its image: `sub-01_T2w`, `sub-01/anat`.
    ending
        Of image and masks alike, as manual-correction asks for.
    """

    chosen: ChosenCase
    stem: str
    folder: str
    ending: str

    @property
    def image(self) -> str:
        """Of its image, relative to the rater's folder."""
        return f"{self.folder}/{self.stem}{self.ending}"

    def mask(self, region: str, dialect: Dialect) -> str:
        """Of a region's mask, relative to one of the two folders of masks."""
        return f"{self.folder}/{mask_stem(self.stem, region, dialect)}{self.ending}"


def place_cases(cases: Iterable[ChosenCase]) -> list[PlacedCase]:
    """Name the cases after their images; a subject that several datasets have gets the dataset's name before its own.

    Raises
    ------
    DataRefusedError
        Where an image has no BIDS name, or two cases would get one.
    """
    listed = list(cases)
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for chosen in listed:
        owners[_subject(chosen)].add(chosen.dataset)
    placed = [_place(chosen, shared=len(owners[_subject(chosen)]) > 1) for chosen in listed]
    taken: dict[tuple[str, str], str] = {}
    for one in placed:
        other = taken.setdefault((one.chosen.rater, one.stem.lower()), one.chosen.case)
        if other != one.chosen.case:
            raise DataRefusedError(
                f"{one.chosen.case} and {other} would both be {one.stem}; rename one of the datasets in active.toml"
            )
    return placed


def reading_order(cases: Iterable[PlacedCase], seed: int) -> list[PlacedCase]:
    """Shuffle the cases of a rater, so that nobody can tell by their order how they were scored."""
    return sorted(cases, key=lambda one: sha256(f"{seed}|{one.chosen.rater}|{one.chosen.case}".encode()).hexdigest())


def regions_of(cases: Sequence[PlacedCase]) -> tuple[str, ...]:
    """Name the regions that the cases have masks of, in the model's order."""
    return tuple(dict.fromkeys(region for one in cases for region in one.chosen.masks))


def _subject(chosen: ChosenCase) -> str:
    name = parse_image_name(chosen.image.name)
    if name is None or not name.subject:
        raise DataRefusedError(f"{chosen.image}: an image with a BIDS name was needed, sub-LABEL[_ses-LABEL]_CONTRAST")
    return name.subject


def _place(chosen: ChosenCase, *, shared: bool) -> PlacedCase:
    name = parse_image_name(chosen.image.name)
    if name is None:
        raise DataRefusedError(f"{chosen.image}: an image with a BIDS name was needed")
    stem, folder = name.stem, name.folder
    if shared:
        renamed = f"sub-{label_name(chosen.dataset)}{name.entity('sub')}"
        stem, folder = (re.sub(rf"^{re.escape(name.subject)}(?=[_/])", renamed, text) for text in (stem, folder))
    return PlacedCase(chosen, stem, folder, chosen.image.name.removeprefix(name.stem))
