"""What `agreement` leaves: tables, figures, the page."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Final

from nnunet_ext import __version__
from nnunet_ext.cli.agreement.figures import draw_figures
from nnunet_ext.cli.agreement.place import write_agreement
from nnunet_ext.cli.agreement.words import Columns, cells, figure, interval, label, left_out_words, p_value, verdict
from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.output_place import OutputPlace
from nnunet_ext.core.tables import NOTHING, Row
from nnunet_ext.evaluation.agreement.adjust import Correction
from nnunet_ext.evaluation.agreement.align import LeftOut
from nnunet_ext.evaluation.agreement.analyse import Analysis, pair_rows
from nnunet_ext.evaluation.agreement.compare import Rules
from nnunet_ext.evaluation.agreement.measurements import WHOLE, Kind
from nnunet_ext.evaluation.agreement.sites import EVERY_SITE, site_rows
from nnunet_ext.report.agreement_page import AgreementContent
from nnunet_ext.report.section import Picture, Section

_PER_TABLE = {Kind.METRICS: "comparison.tsv", Kind.BIOMARKERS: "agreement.tsv"}


def publish(
    place: OutputPlace, analyses: Sequence[Analysis], rules: Rules, notes: Sequence[str]
) -> tuple[Mapping[str, Sequence[Row]], Mapping[str, int]]:
    """Write what was found into a folder that is claimed; `notes` are what a reader must know first.

    Returns
    -------
    tuple
        File name to rows of the tables; why cases were not compared in any column, with their number.
    """
    tables: dict[str, Sequence[Row]] = {_PER_TABLE[found.kind]: found.rows for found in analyses}
    scored = [row for found in analyses for row in found.correlations]
    if any(found.scored for found in analyses):
        tables["correlation.tsv"] = scored
    tables["sites.tsv"] = [row for found in analyses for row in site_rows(found.samples)]
    tables["pairs.tsv"] = [row for found in analyses for row in pair_rows(found.pairs)]
    left_out = [case for found in analyses for case in found.left_out]
    tables["not_compared.tsv"] = [left_out_row(case) for case in left_out]
    reasons = Counter(reason for _, reason in {(case.case, case.reason) for case in left_out if not case.column})
    figures = [draw_figures(found) for found in analyses]
    unscored = sum(len(found.unscored) for found in analyses)
    without = [f"{unscored} subjects have no row of their own in participants.tsv"] if unscored else []
    problems = (*notes, *without, *left_out_words(reasons))
    page = AgreementContent(
        title="Agreement",
        lead=_lead(analyses, rules),
        findings=tuple(_findings(analyses, rules.correction)),
        problems=problems,
        sections=tuple(_sections(analyses, figures, tables)),
        facts={
            "Unit": f"{rules.unit}: images of one subject are averaged" if rules.unit == "subject" else rules.unit,
            "Correction": rules.correction,
            "Bootstrap": f"{rules.bootstrap.resamples} resamples, seed {rules.bootstrap.seed}",
            "Version": f"nnunet_ext {__version__}",
        },
    )
    pictures = {name: picture for drawn in figures for name, picture in drawn.items()}
    facts = {"methods": _methods(analyses), "notes": list(problems)}
    write_agreement(place, tables, pictures, page, facts, rules)
    return tables, reasons


def left_out_row(case: LeftOut) -> Row:
    """Give a row of `not_compared.tsv`."""
    return as_row(
        {
            "case": case.case,
            "region": case.region if case.region != WHOLE else None,
            "metric": case.column or None,
            "method_a": case.method_a or None,
            "method_b": case.method_b or None,
            "reason": case.reason,
        }
    )


def _methods(analyses: Sequence[Analysis]) -> list[str]:
    return list(dict.fromkeys(name for found in analyses for pair in found.pairs for name in pair.methods))


def _lead(analyses: Sequence[Analysis], rules: Rules) -> str:
    units = {unit for found in analyses for pair in found.pairs for unit in pair.units}
    sites = {site for found in analyses for pair in found.pairs for site in pair.sites} - {NOTHING}
    of_sites = f" of {len(sites)} sites" if len(sites) > 1 else ""
    return f"{', '.join(_methods(analyses))}, on the same {len(units)} {rules.unit}s{of_sites}."


def _findings(analyses: Sequence[Analysis], correction: Correction) -> list[str]:
    said = []
    for found in analyses:
        shown = [row for row in found.rows if verdict(row).startswith("higher")]
        for row in shown:
            name = label(row["metric"] if found.kind is Kind.METRICS else row["biomarker"])
            region = f", {row['region']}" if found.kind is Kind.METRICS else ""
            said.append(
                f"{name}{region}: {verdict(row)}; median difference ({row['method_b']} − {row['method_a']}) "
                f"{interval(row, 'median_difference', 'difference_low', 'difference_high')}, "
                f"p = {p_value(row['p_adjusted'])} {_AFTER[correction]}, n = {row['n_subjects']}."
            )
        what = "metrics" if found.kind is Kind.METRICS else "biomarkers"
        rest = len(found.rows) - len(shown)
        if rest:
            said.append(
                f"No difference shown in {rest} of {len(found.rows)} comparisons of {what}. "
                "That is not a proof that there is none: see the intervals."
            )
    return said


def _sections(
    analyses: Sequence[Analysis], figures: Sequence[Mapping[str, Picture]], tables: Mapping[str, Sequence[Row]]
) -> list[Section]:
    sections = []
    for found, drawn in zip(analyses, figures, strict=True):
        scored = {name: picture for name, picture in drawn.items() if name.startswith("correlation_")}
        pictures = tuple(picture for name, picture in drawn.items() if name not in scored)
        sections.append(_comparisons(found, pictures))
        if found.kind is Kind.BIOMARKERS:
            sections.append(_limits(found))
        if found.scored:
            sections.append(_correlations(found, tuple(scored.values())))
    return [*sections, _sites(tables["sites.tsv"])]


def _comparisons(found: Analysis, pictures: tuple[Picture, ...]) -> Section:
    metrics = found.kind is Kind.METRICS
    columns: Columns = {"Metric": _named("metric"), "Region": itemgetter("region")} if metrics else _BIOMARKER
    columns = {
        **columns,
        "a → b": _methods_of,
        "In words": verdict,  # early, so that a narrow page does not hide it
        "n": itemgetter("n_subjects"),
        "a": lambda row: f"{figure(row['mean_a'])} ± {figure(row['sd_a'])}",
        "b": lambda row: f"{figure(row['mean_b'])} ± {figure(row['sd_b'])}",
        "Median difference [95 %]": lambda row: interval(row, "median_difference", "difference_low", "difference_high"),
        "Normality p": lambda row: p_value(row["normality_p"]),
        "p": lambda row: p_value(row["p"]),
        "p by": itemgetter("p_method"),
        "p corrected": lambda row: p_value(row["p_adjusted"]),
        "Effect": lambda row: figure(row["rank_biserial"], 2),
    }
    return Section(
        name=found.kind.value,
        title="Metrics" if metrics else "Biomarkers",
        lead="Paired differences b − a, Wilcoxon signed-rank test.",
        columns=tuple(columns),
        rows=cells(columns, found.rows),
        note="a and b: mean ± standard deviation. p: exact, from every choice of signs, for up to 50 differences that "
        "are not 0. Effect: matched-pairs rank-biserial correlation, −1 to 1.",
        pictures=pictures,
    )


def _limits(found: Analysis) -> Section:
    columns: Columns = {
        **_BIOMARKER,
        "a → b": _methods_of,
        "n": itemgetter("n_subjects"),
        "Bias [95 %]": lambda row: interval(row, "bias", "bias_low", "bias_high"),
        "Limits of agreement": lambda row: f"{figure(row['limit_low'])} to {figure(row['limit_high'])}",
        "CCC [95 %]": lambda row: interval(row, "ccc", "ccc_low", "ccc_high"),
        "ICC(A,1) [95 %]": lambda row: interval(row, "icc", "icc_low", "icc_high"),
        "of": itemgetter("agreement_of"),
        "Limits, one image": lambda row: f"{figure(row['image_limit_low'])} to {figure(row['image_limit_high'])}",
        "ICC(A,1), one image": lambda row: figure(row["image_icc"]),
        "Spearman": lambda row: figure(row["spearman"]),
        "Mean absolute error": lambda row: figure(row["mean_absolute_error"]),
    }
    note = (
        "Means of several images agree better than images do. In one image: limits of repeated measures (Bland and "
        "Altman 2007), and the ICC of all images."
    )
    return Section("limits", "Agreement", "", tuple(columns), cells(columns, found.rows), note)


def _correlations(found: Analysis, pictures: tuple[Picture, ...]) -> Section:
    columns: Columns = {
        **_BIOMARKER,
        "Score": _named("score"),
        "Method": itemgetter("method"),
        "n": itemgetter("n"),
        "ρ [95 %]": lambda row: interval(row, "rho", "low", "high"),
        "p": lambda row: p_value(row["p"]),
        "p corrected": lambda row: p_value(row["p_adjusted"]),
        "ρ less the first's [95 %]": lambda row: interval(row, "rho_difference", "difference_low", "difference_high"),
        "p of that, corrected": lambda row: p_value(row["difference_p_adjusted"]),
    }
    rows = cells(columns, found.correlations)
    note = "p: exact for up to 8 subjects. ρ less the first method's: Williams' test of two correlations of one score."
    lead = "Spearman's rank correlation."
    return Section("scores", "Clinical scores", lead, tuple(columns), rows, note, pictures)


def _sites(rows: Sequence[Row]) -> Section:
    columns: Columns = {
        "Site": lambda row: "all" if row["site"] == EVERY_SITE else row["site"],
        "Region": lambda row: "–" if row["region"] == NOTHING else row["region"],
        "Measure": _named("metric"),
        "Method": itemgetter("method"),
        "n": itemgetter("n"),
        "Left out": itemgetter("n_left_out"),
        "Mean ± sd": _if_any(lambda row: f"{figure(row['mean'])} ± {figure(row['sd'])}"),
        "Median (quartiles)": _if_any(
            lambda row: f"{figure(row['median'])} ({figure(row['quartile_low'])} to {figure(row['quartile_high'])})"
        ),
    }
    note = (
        "Not tested site by site: too many tests, on too few. A mean is that of the subjects' own values, of the n "
        "for which every method has one: a case without a lesion has no sensitivity, one without a predicted lesion no "
        "precision, one with neither no F1. The Dice of two empty masks is what the preset says."
    )
    return Section("sites", "Per site", "", tuple(columns), cells(columns, rows), note=note)


def _if_any(text_of: Callable[[Row], str]) -> Callable[[Row], str]:
    return lambda row: text_of(row) if int(row["n"]) else NOTHING


def _named(column: str) -> Callable[[Row], str]:
    return lambda row: label(row[column])


def _methods_of(row: Row) -> str:
    return f"{row['method_a']} → {row['method_b']}"


_AFTER: Final = {
    Correction.HOLM: "after correction",
    Correction.BONFERRONI: "after correction",
    Correction.NONE: "without any correction",
}
_BIOMARKER: Final[Columns] = {"Biomarker": _named("biomarker")}
