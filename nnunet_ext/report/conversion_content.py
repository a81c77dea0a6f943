"""What the quality-control page of a conversion says, as plain values: nothing here knows about files or HTML."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, eq=False)
class QualityEntry:
    """One converted case.

    Parameters
    ----------
    case, site, split
        As in `cases.tsv`.
    cells
        One text for each column of the page; empty or `n/a` where there is no figure.
    remarks
        What was repaired or chosen, such as `image's affine adopted, 0.34 mm`.
    unusual
        Why somebody should look at it, such as `voxels_lesion 4120: site's median 200`; none where nothing stands out.
    thumbnail
        A PNG, as `thumbnail` draws it.
    registration
        A PNG, as `registration_figure` draws it.
    """

    case: str
    site: str
    split: str
    cells: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    unusual: tuple[str, ...] = ()
    thumbnail: bytes | None = None
    registration: bytes | None = None


@dataclass(frozen=True)
class SkippedImage:
    """An image that was not converted: the case, or its path, and why.

    `refused` is one with a fault, rather than left out knowingly.
    """

    name: str
    reason: str
    refused: bool


@dataclass(frozen=True, eq=False)
class ConversionContent:
    """Everything that stands on the page.

    Parameters
    ----------
    title, lead
        Title and one sentence below it.
    counts
        Label to figure, shown at the top.
    assumptions
        What was assumed about each dataset, a sentence each.
    warnings
        What somebody must know before using the dataset, a sentence each.
    columns
        Titles of the table of all cases, without case, site and split, which it always has.
    columns_help
        Title to what it means.
    rows
        In the order of the page: the most unusual first.
    skipped
        In any order; the page groups them by reason.
    facts
        Label to value: versions, seed, profile.
    fingerprint
        Of what the page is made from.

    Raises
    ------
    ValueError
        Where a row has more or fewer cells than there are columns: its figures would stand below other titles.
    """

    title: str
    lead: str
    counts: Mapping[str, str] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    columns_help: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[QualityEntry, ...] = ()
    skipped: tuple[SkippedImage, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(f"{row.case}: {len(self.columns)} cells were needed, found {len(row.cells)}")
