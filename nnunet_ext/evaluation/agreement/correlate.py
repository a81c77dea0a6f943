"""The table of correlations with clinical scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnunet_ext.core.workers import Progress
from nnunet_ext.evaluation.agreement.adjust import adjust
from nnunet_ext.evaluation.agreement.align import Sample
from nnunet_ext.evaluation.agreement.compare import Rules
from nnunet_ext.evaluation.agreement.correlation import correlation_difference, spearman
from nnunet_ext.evaluation.agreement.scores import Scores, match_scores
from nnunet_ext.evaluation.agreement.values import Values
from nnunet_ext.evaluation.as_row import as_row


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
        Correction (one family: all biomarkers and scores of a method) and resampling.
    progress
        Told how far it is.

    Returns
    -------
    list of dict
        The rows of `correlation.tsv`; those of later methods say how their correlation differs from the first one's.
    """
    rows: list[dict[str, str]] = []
    p_values: list[float | None] = []
    for number, sample in enumerate(samples, start=1):
        for index, method in enumerate(sample.methods):
            done = spearman(sample.values[index], sample.scores)
            names = {"biomarker": sample.biomarker, "score": sample.score, "method": method}
            figures = {"n": done.n, "rho": done.rho, "low": done.interval.low, "high": done.interval.high, "p": done.p}
            rows.append(as_row({**names, **figures, "p_adjusted": None}) | _difference(sample, index, rules))
            rows[-1] |= as_row({"note": done.note or None})
            p_values.append(done.p)
        if progress is not None:
            progress(number, len(samples))
    adjusted = adjust(p_values, rules.correction, [row["method"] for row in rows])
    return [row | as_row({"p_adjusted": p}) for row, p in zip(rows, adjusted, strict=True)]


def _difference(sample: ScoredSample, index: int, rules: Rules) -> dict[str, str]:
    columns = ("compared_with", "rho_difference", "difference_low", "difference_high")
    if index == 0:
        return as_row(dict.fromkeys(columns))
    difference, interval = correlation_difference(
        sample.values[0], sample.values[index], sample.scores, rules.bootstrap
    )
    return as_row(dict(zip(columns, (sample.methods[0], difference, interval.low, interval.high), strict=True)))
