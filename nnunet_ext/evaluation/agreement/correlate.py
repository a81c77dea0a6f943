"""The table of correlations with clinical scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.workers import Progress
from nnunet_ext.evaluation.agreement.adjust import adjust
from nnunet_ext.evaluation.agreement.align import Sample
from nnunet_ext.evaluation.agreement.compare import Rules
from nnunet_ext.evaluation.agreement.correlation import spearman
from nnunet_ext.evaluation.agreement.correlation_difference import CorrelationDifference, correlation_difference
from nnunet_ext.evaluation.agreement.scores import Scores, match_scores
from nnunet_ext.evaluation.agreement.values import Values


@dataclass(frozen=True, eq=False)
class ScoredSample:
    """A biomarker beside a clinical score.

    Parameters
    ----------
    biomarker, score, methods
        Names.
    units, sites
        Subjects that have both.
    values
        Shape (methods, subjects).
    scores
        Shape (subjects,).
    """

    biomarker: str
    score: str
    methods: tuple[str, ...]
    units: tuple[str, ...]
    sites: tuple[str, ...]
    values: Values
    scores: Values


def with_scores(samples: Sequence[Sample], scores: Scores) -> list[ScoredSample]:
    """Put each biomarker beside each score, for the subjects that have both.

    Parameters
    ----------
    samples
        Of all methods, one a biomarker, with one unit a subject.
    scores
        Of the participants.
    """
    paired = []
    for sample in samples:
        found = match_scores(scores, list(zip(sample.units, sample.participants, strict=True)))
        for name in scores.names:
            of_unit = [found.get(unit, {}).get(name) for unit in sample.units]
            kept = [index for index, value in enumerate(of_unit) if value is not None]
            paired.append(
                ScoredSample(
                    biomarker=sample.column,
                    score=name,
                    methods=sample.methods,
                    units=tuple(sample.units[index] for index in kept),
                    sites=tuple(sample.sites[index] for index in kept),
                    values=sample.values[:, kept],
                    scores=np.array([of_unit[index] for index in kept], dtype=np.float64),
                )
            )
    return paired


def correlate(samples: Sequence[ScoredSample], rules: Rules, progress: Progress | None = None) -> list[dict[str, str]]:
    """Correlate biomarkers with scores, method by method, over the same subjects.

    Parameters
    ----------
    samples
        From `with_scores`.
    rules
        Correction; one family are all biomarkers and scores of a method, and another their differences.
    progress
        Told how far it is.

    Returns
    -------
    list of dict
        The rows of `correlation.tsv`; those of later methods say how their correlation differs from the first one's.
    """
    rows: list[dict[str, str]] = []
    p_values: list[float | None] = []
    p_differences: list[float | None] = []
    for number, sample in enumerate(samples, start=1):
        for index, method in enumerate(sample.methods):
            done = spearman(sample.values[index], sample.scores)
            apart = _difference(sample, index)
            rows.append(
                as_row(
                    {
                        "biomarker": sample.biomarker,
                        "score": sample.score,
                        "method": method,
                        "n": done.n,
                        "rho": done.rho,
                        "low": done.interval.low,
                        "high": done.interval.high,
                        "p": done.p,
                        "p_method": done.p_method,
                        "p_adjusted": None,
                        "compared_with": sample.methods[0] if index else None,
                        "rho_difference": apart.difference,
                        "difference_low": apart.low,
                        "difference_high": apart.high,
                        "difference_t": apart.t,
                        "difference_p": apart.p,
                        "difference_p_adjusted": None,
                        "note": done.note or None,
                    }
                )
            )
            p_values.append(done.p)
            p_differences.append(apart.p)
        if progress is not None:
            progress(number, len(samples))
    families = [row["method"] for row in rows]
    adjusted = adjust(p_values, rules.correction, families)
    of_differences = adjust(p_differences, rules.correction, families)
    return [
        row | as_row({"p_adjusted": p, "difference_p_adjusted": of_difference})
        for row, p, of_difference in zip(rows, adjusted, of_differences, strict=True)
    ]


def _difference(sample: ScoredSample, index: int) -> CorrelationDifference:
    if index == 0:
        return CorrelationDifference()
    return correlation_difference(sample.values[0], sample.values[index], sample.scores)
