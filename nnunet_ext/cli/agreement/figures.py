"""The figures of an agreement."""

import re
from collections.abc import Iterable, Mapping
from itertools import count

from nnunet_ext.cli.agreement.words import figure, interval, label, p_value
from nnunet_ext.core.tables import Row, number
from nnunet_ext.evaluation.agreement.align import Sample
from nnunet_ext.evaluation.agreement.analyse import Analysis
from nnunet_ext.evaluation.agreement.correlate import ScoredSample
from nnunet_ext.evaluation.agreement.measurements import WHOLE, Kind
from nnunet_ext.report.plots.bland_altman import AgreementLimits, bland_altman_plot
from nnunet_ext.report.plots.correlation import correlation_plot
from nnunet_ext.report.plots.identity import identity_plot
from nnunet_ext.report.plots.raincloud import raincloud
from nnunet_ext.report.section import Picture


def draw_figures(analysis: Analysis) -> dict[str, Picture]:
    """Draw what there is to see; samples without a subject have no figure.

    Returns
    -------
    dict
        File name to figure: a raincloud for each region and metric or biomarker, for each biomarker and pair of
        methods Bland-Altman and identity plots, and one for each biomarker and score.
    """
    drawn: dict[str, Picture] = {}
    for sample in analysis.samples:
        if sample.units:
            _put(drawn, ("raincloud", _region(sample.region), sample.column), _raincloud(sample))
    if analysis.kind is Kind.BIOMARKERS:
        for pair, row in zip(analysis.pairs, analysis.rows, strict=True):
            if pair.units:
                _put(drawn, ("bland-altman", pair.column, *pair.methods), _bland_altman(pair, row))
                _put(drawn, ("identity", pair.column, *pair.methods), _identity(pair, row))
    for scored in analysis.scored:
        rows = {
            row["method"]: row
            for row in analysis.correlations
            if (row["biomarker"], row["score"]) == (scored.biomarker, scored.score)
        }
        if scored.units:
            _put(drawn, ("correlation", scored.biomarker, scored.score), _correlation(scored, rows))
    return drawn


def _put(drawn: dict[str, Picture], parts: Iterable[str], picture: Picture) -> None:
    """Name a file after what it shows; names that differ in odd letters only are told apart by a number."""
    stem = "_".join(re.sub(r"[^0-9A-Za-z.-]+", "-", part).strip("-.") or "x" for part in parts if part)
    taken = {name.lower() for name in drawn}  # some disks do not tell A from a
    for turn in count(1):
        name = f"{stem}.svg" if turn == 1 else f"{stem}-{turn}.svg"
        if name.lower() not in taken:
            drawn[name] = picture
            return


def _region(region: str) -> str:
    return "" if region == WHOLE else region


def _raincloud(sample: Sample) -> Picture:
    title = f"{label(sample.column)}, {sample.region}" if _region(sample.region) else label(sample.column)
    values = dict(zip(sample.methods, sample.values.tolist(), strict=True))
    wide = len(set(sample.sites)) > 1
    svg = raincloud(values, sample.sites, title=title, axis=label(sample.column))
    return Picture(title, f"Raincloud of {title} for {', '.join(sample.methods)}; n = {len(sample.units)}", svg, wide)


def _bland_altman(pair: Sample, row: Row) -> Picture:
    a, b = pair.values.tolist()
    limits = {name: AgreementLimits(*(number(row[f"{name}{end}"]) for end in ("", "_low", "_high"))) for name in _LINES}
    svg = bland_altman_plot(
        a, b, pair.sites, names=(pair.methods[0], pair.methods[1]), quantity=label(pair.column),
        bias=limits["bias"], limits=(limits["limit_low"], limits["limit_high"]),
    )  # fmt: skip
    said = f"bias {interval(row, 'bias', 'bias_low', 'bias_high')}"
    title = f"{label(pair.column)}: {pair.methods[1]} − {pair.methods[0]}"
    return Picture(_of(pair, title), f"Bland-Altman plot, {_of(pair, title)}; {said}; n = {len(pair.units)}", svg)


def _identity(pair: Sample, row: Row) -> Picture:
    a, b = pair.values.tolist()
    said = f"CCC {interval(row, 'ccc', 'ccc_low', 'ccc_high')}, n = {len(pair.units)}"
    svg = identity_plot(
        a, b, pair.sites, names=(pair.methods[0], pair.methods[1]), quantity=label(pair.column), note=said
    )
    title = f"{label(pair.column)}: {pair.methods[1]} against {pair.methods[0]}"
    return Picture(_of(pair, title), f"Identity plot, {_of(pair, title)}; {said}", svg)


def _of(pair: Sample, title: str) -> str:
    """Say that points are means, where they are."""
    return f"{title}, subjects' means" if max(pair.images, default=1) > 1 else title


def _correlation(scored: ScoredSample, rows: Mapping[str, Row]) -> Picture:
    notes = {
        method: f"ρ = {interval(row, 'rho', 'low', 'high')}, p = {p_value(row['p_adjusted'])}, n = {row['n']}"
        for method, row in rows.items()
    }
    svg = correlation_plot(
        dict(zip(scored.methods, scored.values.tolist(), strict=True)), scored.scores.tolist(), scored.sites,
        quantity=label(scored.biomarker), score=label(scored.score), notes=notes,
    )  # fmt: skip
    title = f"{label(scored.biomarker)} and {label(scored.score)}"
    said = "; ".join(f"{method}: ρ = {figure(row['rho'])}" for method, row in rows.items())
    return Picture(title, f"{title}; {said}", svg, wide=len(rows) > 1)


_LINES = ("bias", "limit_low", "limit_high")
