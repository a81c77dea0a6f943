"""What a report page says, as plain values: nothing here knows about files or HTML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from nnunet_ext.evaluation.case import RegionMetrics
from nnunet_ext.evaluation.dictionary import MetricDefinition


@dataclass(frozen=True)
class Headline:
    """One figure at the top of the page.

    Parameters
    ----------
    label
        What was measured, such as `Cord Dice`.
    value
        The figure; `None` where there is none.
    target
        What was wanted, higher being better; `None` where nothing was promised.
    note
        What it rests on, such as `mean of 12 test cases`.
    """

    label: str
    value: float | None
    target: float | None = None
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the target was reached; `None` where none was set. A missing figure reaches nothing."""
        if self.target is None:
            return None
        return self.value is not None and self.value >= self.target


@dataclass(frozen=True)
class Table:
    """Column titles and rows of texts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class CaseEntry:
    """One case of the page.

    Parameters
    ----------
    name, site
        As in the tables.
    picture
        A PNG, as `case_figure` draws it.
    metrics
        One row a region; none where there is no reference to compare with.
    notes
        Repairs, warnings and guesses about this case, such as `adopted the affine of the image, 0.34 mm`.
    """

    name: str
    site: str
    picture: bytes
    metrics: tuple[RegionMetrics, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def worst_dice(self) -> float | None:
        """Lowest Dice of its regions; `None` without a reference."""
        return min((row.dsc for row in self.metrics), default=None)


@dataclass(frozen=True)
class SkippedCase:
    """A case that could not be used, and why."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class ReportContent:
    """Everything that stands on the page.

    Parameters
    ----------
    title, lead
        Title and one sentence below it.
    findings
        Sentences about what the run found.
    headlines
        The figures at the top.
    cases
        In any order; the page puts the worst first.
    skipped
        What was left out.
    sites
        From `site_table`; `None` where nothing was scored.
    training_curve
        A PNG; `None` where nothing was trained.
    problems
        Sentences about what failed, shown first: a report is also made of a run that failed.
    definitions
        Of the metrics on the page.
    symbols
        What the letters of the formulas mean.
    facts
        Label to value: versions, seed, seconds, memory, preset.
    region_names
        Region to what the page calls it, such as `{"sc": "cord"}`.
    """

    title: str
    lead: str
    findings: tuple[str, ...] = ()
    headlines: tuple[Headline, ...] = ()
    cases: tuple[CaseEntry, ...] = ()
    skipped: tuple[SkippedCase, ...] = ()
    sites: Table | None = None
    training_curve: bytes | None = None
    problems: tuple[str, ...] = ()
    definitions: tuple[MetricDefinition, ...] = ()
    symbols: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    region_names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
