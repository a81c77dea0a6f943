"""Everything that is said of several methods, from their tables to the rows of ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.tables import NOTHING
from nnunet_ext.core.workers import Progress
from nnunet_ext.evaluation.agreement.align import LeftOut, Sample, Unit, align
from nnunet_ext.evaluation.agreement.choose import choose_columns
from nnunet_ext.evaluation.agreement.compare import Rules, compare
from nnunet_ext.evaluation.agreement.correlate import ScoredSample, correlate, with_scores
from nnunet_ext.evaluation.agreement.measurements import WHOLE, Kind, Measurements
from nnunet_ext.evaluation.agreement.scores import Scores, match_scores

SCORES: Final = "clinical scores"
"""Stands for the column of those who have none."""

_SHOWN: Final = 3


@dataclass(frozen=True, eq=False)
class Analysis:
    """What was found.

    Parameters
    ----------
    kind
        Metrics are compared, biomarkers agree or not.
    samples
        Of all methods, one for each region and column.
    pairs
        Of two methods each.
    rows
        Of `comparison.tsv` or `agreement.tsv`, one a pair.
    scored, correlations
        Biomarkers beside scores, and the rows of `correlation.tsv`.
    unscored
        Subjects without clinical scores.
    """

    kind: Kind
    samples: tuple[Sample, ...]
    pairs: tuple[Sample, ...]
    rows: tuple[dict[str, str], ...]
    scored: tuple[ScoredSample, ...] = ()
    correlations: tuple[dict[str, str], ...] = ()
    unscored: tuple[LeftOut, ...] = ()

    @property
    def left_out(self) -> list[LeftOut]:
        """Every case that did not count somewhere, once for each reason."""
        return sorted({case for pair in self.pairs for case in pair.left_out} | set(self.unscored))


def analyse(
    tables: Sequence[Measurements],
    wanted: Sequence[str],
    rules: Rules,
    scores: Scores | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """Compare what several methods measured of the same cases.

    Parameters
    ----------
    tables
        Two methods or more, of one kind. Metrics: every pair of methods is compared. Biomarkers: the first is the
        reference of each other one.
    wanted
        Columns; see `choose_columns`.
    rules
        Unit, correction, resampling.
    scores
        Clinical scores to correlate biomarkers with: always by subject, as a score is the subject's.
    progress
        Told how far the comparisons and correlations are.

    Raises
    ------
    DataRefusedError
        Where no case can be compared, or a column is missing.
    """
    kind = tables[0].kind
    chosen = choose_columns(tables, wanted)
    every_pair = combinations(tables, 2) if kind is Kind.METRICS else ((tables[0], other) for other in tables[1:])
    both = list(every_pair)
    pairs = tuple(align(pair, region, column, rules.unit) for region, column in chosen for pair in both)
    if not any(pair.units for pair in pairs):
        raise DataRefusedError(_nothing_common(tables, pairs))
    samples = tuple(align(tables, region, column, rules.unit) for region, column in chosen)
    scored: list[ScoredSample] = []
    unscored: list[LeftOut] = []
    if scores is not None:
        by_subject = [align(tables, region, column, Unit.SUBJECT) for region, column in chosen]
        scored = with_scores(by_subject, scores)
        unscored = _unscored(by_subject, scores)
    rows = compare(pairs, rules, agreement=kind is Kind.BIOMARKERS, progress=progress)
    correlations = correlate(scored, rules, progress)
    return Analysis(kind, samples, pairs, tuple(rows), tuple(scored), tuple(correlations), tuple(unscored))


def pair_rows(pairs: Sequence[Sample]) -> list[dict[str, str]]:
    """Give the very values that were compared: the rows of `pairs.tsv`."""
    return [
        as_row(
            {
                "region": NOTHING if pair.region == WHOLE else pair.region,
                "metric": pair.column,
                "method_a": pair.methods[0],
                "method_b": pair.methods[1],
                "unit": unit,
                "site": pair.sites[index],
                "n_images": pair.images[index],
                "a": float(pair.values[0, index]),
                "b": float(pair.values[1, index]),
            }
        )
        for pair in pairs
        for index, unit in enumerate(pair.units)
    ]


def _unscored(samples: Sequence[Sample], scores: Scores) -> list[LeftOut]:
    subjects = sorted({pair for sample in samples for pair in zip(sample.units, sample.participants, strict=True)})
    found = match_scores(scores, subjects)
    reason = "no row of its own in participants.tsv"
    first, last = samples[0].methods[0], samples[0].methods[-1]
    return [LeftOut(whole, WHOLE, SCORES, first, last, reason) for whole, _ in subjects if whole not in found]


def _nothing_common(tables: Sequence[Measurements], pairs: Sequence[Sample]) -> str:
    found = "; ".join(f"{table.method}: {', '.join(list(table.cases)[:_SHOWN]) or 'no case'}" for table in tables)
    reasons = sorted({case.reason for pair in pairs for case in pair.left_out})
    return f"cases that two methods measured were needed, found none ({'; '.join(reasons[:_SHOWN])}). {found}"
