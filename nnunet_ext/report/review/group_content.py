"""What the group page says."""

from collections.abc import Mapping
from dataclasses import dataclass

from nnunet_ext.report.review.case_view import CaseView
from nnunet_ext.report.review.marks import REVIEW_MARKS, Mark
from nnunet_ext.report.review.review_columns import ReviewColumn
from nnunet_ext.report.section import Section
from nnunet_ext.report.table import Table


@dataclass(frozen=True)
class Figure:
    """One figure at the top of the page: what, its value in words, and what it rests on."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, eq=False)
class Plot:
    """A picture of the group: title, bytes, and `png` or `svg+xml`."""

    title: str
    picture: bytes
    kind: str


@dataclass(frozen=True, eq=False)
class GroupContent:
    """Everything on the group page, as plain values.

    Parameters
    ----------
    title, lead
        Title and one sentence below it.
    cases
        The worst first.
    order
        What that means, in words.
    columns
        To sort by.
    headlines, sites, plots, tables, curves
        Of the group; empty, or None, where there are none. Tables and curves (PNG) have titles.
    definitions, symbols, facts
        How the figures are computed, and what made them.
    problems
        Sentences about files that could not be read.
    viewer
        Name of the viewer's page; empty where there is none.
    notes
        Sentences on the headlines.
    sections
        More of the group, each below a title of its own, after the cases.
    marks
        That a case can bear.
    case_pages
        Whether each case has a page of its own, below `cases`.
    """

    title: str
    lead: str
    cases: tuple[CaseView, ...]
    order: str
    columns: tuple[ReviewColumn, ...]
    headlines: tuple[Figure, ...]
    sites: Table | None
    plots: tuple[Plot, ...]
    tables: tuple[tuple[str, Table], ...]
    curves: tuple[tuple[str, bytes], ...]
    definitions: Mapping[str, Mapping[str, str]]
    symbols: Mapping[str, str]
    facts: Mapping[str, str]
    problems: tuple[str, ...]
    viewer: str = ""
    notes: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    marks: tuple[Mark, ...] = REVIEW_MARKS
    case_pages: bool = True

    @property
    def regions(self) -> tuple[str, ...]:
        """All regions of the cases, the cord first."""
        names = dict.fromkeys(region for case in self.cases for region in case.regions)
        return tuple(sorted(names, key=lambda name: name != "sc"))
