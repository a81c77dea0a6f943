"""Where the cases stand in the folders that people get."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Final

from nnunet_ext.active_learning.exchange.chosen_case import ChosenCase
from nnunet_ext.active_learning.exchange.mask_names import mask_stem
from nnunet_ext.cascade.prediction.case_files import NEUROPOLY_FOLDER
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.names import Dialect, ImageName, parse_image_name, strip_ending

PREDICTED: Final = "predicted"
"""Below `to_correct`: the predictions, one of each case, which nobody edits. They stay at home."""


@dataclass(frozen=True, eq=False)
class PlacedCase:
    """A case, and its names in a rater's folder.

    Parameters
    ----------
    chosen
        The case.
    mark
        What it is called in `marks.tsv`.
    tree
        Folder of its BIDS tree below the rater's; empty where that is the tree itself.
    folder
        Of its images in the tree, such as `sub-01/anat`.
    names
        Of its images; masks are named after the first, and have its ending, as manual-correction asks for.
    """

    chosen: ChosenCase
    mark: str
    tree: str
    folder: str
    names: tuple[str, ...]

    @property
    def images(self) -> tuple[str, ...]:
        """Of its images, relative to the rater's folder."""
        return tuple(_below(self.tree, self.folder, name) for name in self.names)

    def place(self, region: str, dialect: Dialect) -> str:
        """Of a region's mask, in a folder of masks."""
        stem = strip_ending(self.names[0])
        return _below(self.folder, mask_stem(stem, region, dialect) + self.names[0].removeprefix(stem))

    def mask(self, region: str, dialect: Dialect) -> str:
        """Of the rater's copy of a region's mask, to edit and to save under the same name."""
        return _below(self.tree, masks_of(), self.place(region, dialect))

    def predicted(self, region: str, dialect: Dialect) -> str:
        """Of a region's mask as it was predicted, relative to `to_correct`."""
        return _below(PREDICTED, self.tree, self.place(region, dialect))


def masks_of(tree: str = "") -> str:
    """Name the folder of the masks in a tree."""
    return _below(tree, NEUROPOLY_FOLDER.as_posix())


def place_cases(cases: Iterable[ChosenCase]) -> list[PlacedCase]:
    """Name the cases after their images; where they come from several datasets, each dataset has a tree of its own.

    Raises
    ------
    DataRefusedError
        Where an image has no BIDS name, or two cases would get one.
    """
    listed = list(cases)
    several = len({chosen.dataset for chosen in listed}) > 1
    placed = [_place(chosen, chosen.dataset if several else "") for chosen in listed]
    taken: dict[tuple[str, str], str] = {}
    for one in placed:
        other = taken.setdefault((one.chosen.rater, one.images[0].lower()), one.chosen.case)
        if other != one.chosen.case:
            raise DataRefusedError(f"{one.chosen.case} and {other} would both be {one.images[0]}; rename one of them")
    return placed


def reading_order(cases: Iterable[PlacedCase], seed: int) -> list[PlacedCase]:
    """Shuffle the cases of a rater, so that nobody can tell by their order how they were scored."""
    return sorted(cases, key=lambda one: reading_rank(one.chosen.rater, one.chosen.case, seed))


def reading_rank(rater: str, case: str, seed: int) -> str:
    """Give what the cases of a rater are sorted by."""
    return sha256(f"{seed}|{rater}|{case}".encode()).hexdigest()


def regions_of(cases: Sequence[PlacedCase]) -> tuple[str, ...]:
    """Name the regions that the cases have masks of, in the model's order."""
    return tuple(dict.fromkeys(region for one in cases for region in one.chosen.masks))


def trees_of(cases: Sequence[PlacedCase]) -> dict[str, list[PlacedCase]]:
    """Give the cases of each tree."""
    return {tree: [one for one in cases if one.tree == tree] for tree in sorted({one.tree for one in cases})}


def _place(chosen: ChosenCase, tree: str) -> PlacedCase:
    named: list[ImageName] = []
    for image in chosen.images:
        name = parse_image_name(image.name)
        if name is None or not name.subject:
            raise DataRefusedError(f"{image}: an image with a BIDS name was needed, sub-LABEL[_ses-LABEL]_CONTRAST")
        named.append(name)
    return PlacedCase(chosen, chosen.case, tree, named[0].folder, tuple(image.name for image in chosen.images))


def _below(*parts: str) -> str:
    return PurePosixPath(*parts).as_posix()
