"""One case as the pages show it: plain values and pictures, nothing about files."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nnunet_ext.core.tables import Row
from nnunet_ext.evaluation.defined import NEEDS, is_defined
from nnunet_ext.report.planes import Role
from nnunet_ext.report.review.tile_sheet import Sheet


@dataclass(frozen=True, eq=False)
class CaseView:
    """One case of the pages.

    Parameters
    ----------
    name, site, contrast, subject, session
        As in the tables; empty where unknown.
    file_name
        Of the image within its BIDS dataset, or its bare name: what the exported lists call the case.
    status
        `shown`, or `refused` with its `reason`.
    sheets
        The pictures; none where nothing could be drawn.
    regions
        Names of the regions that have a mask.
    values
        Numbers to sort by, in the order in which they are offered; None where missing.
    metrics, biomarkers
        Table rows: one a region, one a lesion.
    lesions
        Of the prediction: number and a few words, to be rated one by one; the pictures have the same numbers.
    lesions_of
        Table that these numbers are from.
    suffixes
        Region to what the name of its predicted mask has behind the image's; empty where it is named otherwise.
    outlines
        Region and role of each mask that is drawn, and whether it holds anything.
    warnings
        Sentences.
    problems
        Those of them about files that were refused.
    about
        What else is known, above the pictures: a label and a text each.
    """

    name: str
    site: str
    contrast: str
    subject: str
    session: str
    file_name: str
    status: str
    reason: str
    sheets: tuple[Sheet, ...]
    regions: tuple[str, ...]
    values: Mapping[str, float | None]
    metrics: tuple[Row, ...] = ()
    biomarkers: tuple[Row, ...] = ()
    lesions: tuple[tuple[int, str], ...] = ()
    lesions_of: str = ""
    suffixes: Mapping[str, str] = field(default_factory=dict)
    outlines: Mapping[tuple[str, Role], bool] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    about: tuple[tuple[str, str], ...] = ()

    def counted(self, key: str) -> float | None:
        """Give a value as means and plots count it: None where it is missing, or a ratio without a denominator."""
        region, _, column = key.rpartition(" ")
        needed = {name: self.values.get(f"{region} {name}") for name in NEEDS.get(column, ())}
        return self.values.get(key) if is_defined(column, needed) else None

    @property
    def roles(self) -> tuple[Role, ...]:
        """Whose outlines the pictures have."""
        return tuple(role for role, _ in self.sheets[0].layers) if self.sheets else ()
