"""The cases that were given out, and which of them a name means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.names import image_stem, parse_mask_name
from nnunet_ext.core.tables import Row


@dataclass(frozen=True)
class GivenCase:
    """A case that somebody was asked to correct.

    Parameters
    ----------
    case, dataset
        As the query names them.
    images
        Path of the image of each channel in its dataset.
    """

    case: str
    dataset: str
    images: tuple[str, ...]

    @property
    def stem(self) -> str:
        """Name of the first image, without folder and ending."""
        name = PurePosixPath(self.images[0]).name
        return image_stem(name) or name


@dataclass(frozen=True)
class GivenCases:
    """All cases of a round.

    Parameters
    ----------
    cases
        By name.
    regions
        The classes of the target, whose masks were given out.
    """

    cases: Mapping[str, GivenCase]
    regions: tuple[str, ...]

    @classmethod
    def of_rows(cls, rows: Iterable[Row], regions: Iterable[str]) -> "GivenCases":
        """Take them from rows of `query.tsv`."""
        given = (GivenCase(row["case"], row["dataset"], split_list(row["image"])) for row in rows)
        return cls({one.case: one for one in given}, tuple(regions))

    @property
    def datasets(self) -> frozenset[str]:
        """Names of their datasets."""
        return frozenset(one.dataset for one in self.cases.values())

    def of(self, folders: Iterable[str]) -> "GivenCases":
        """Keep the cases of the dataset that the last of these folders is named as; all, where none is."""
        named = [folder for folder in folders if folder in self.datasets][-1:]
        kept = {case: one for case, one in self.cases.items() if one.dataset in named}
        return replace(self, cases=kept) if named else self

    def named(self, text: str) -> tuple[str, ...]:
        """Give the cases that a name means: a case, or the file of an image or of a mask, with folders or without.

        Where images of several datasets have that name, and a folder of it is one of these datasets, only its.
        """
        path = PurePosixPath(text.strip().replace("\\", "/"))
        name = image_stem(path.name) or path.name
        mask = parse_mask_name(name, self.regions)
        names = {name} if mask is None else {name, mask.case}
        found = [one for one in self.cases.values() if one.case in names or one.stem in names]
        there = [one for one in found if one.dataset in path.parts]
        return tuple(one.case for one in there or found)

    def region_of(self, text: str) -> str:
        """Give the region that a file's name says; empty where it says none."""
        mask = parse_mask_name(image_stem(Path(text.replace("\\", "/")).name) or "", self.regions)
        return "" if mask is None else mask.region

    def region_named(self, word: str) -> str | None:
        """Give the region that a person's word means, such as `cord`; None where it means none."""
        mask = parse_mask_name(f"case_{word.strip()}", self.regions)
        return None if mask is None or mask.case != "case" else mask.region
