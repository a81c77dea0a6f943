"""Agreement in words: for the terminal, and for the page."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Final

from nnunet_ext.core.tables import NOTHING, Row
from nnunet_ext.report.rounded import rounded, rounded_p

Columns = dict[str, Callable[[Row], str]]
"""Heading of a column to what stands below it in a row."""

LABELS: Final = {
    "dsc": "Dice",
    "nsd": "normalised surface Dice",
    "assd": "mean surface distance (mm)",
    "hd95": "95th-percentile surface distance (mm)",
    "rel_vol_error": "relative volume error (%)",
    "abs_rel_vol_error": "relative volume error, absolute (%)",
    "lesion_ppv": "lesion-wise precision",
    "lesion_sensitivity": "lesion-wise sensitivity",
    "lesion_f1": "lesion-wise F1",
    "lcwa": "lesion count weighted by assignment",
    "n_lesions": "number of lesions",
}
_UNITS: Final = {"_mm3": " (mm³)", "_mm": " (mm)", "_percent": " (%)"}
_LEVEL: Final = 0.05
_PAIRS_NEEDED: Final = 6  # with fewer, no order of signs gives a two-sided p below 0.05: 2 / 2^5 is 0.06


def label(column: str) -> str:
    """Name a column for a reader, with its unit."""
    if column in LABELS:
        return LABELS[column]
    for ending, unit in _UNITS.items():
        if column.endswith(ending):
            return column.removesuffix(ending).replace("_", " ") + unit
    return column.replace("_", " ")


def figure(text: str, digits: int = 3) -> str:
    """Round a cell for the eye."""
    return "–" if text == NOTHING else rounded(float(text), digits)


def interval(row: Row, middle: str, low: str, high: str) -> str:
    """Give a value with its interval."""
    ends = f" [{figure(row[low])}, {figure(row[high])}]" if row[low] != NOTHING else ""
    return figure(row[middle]) + ends


def p_value(text: str) -> str:
    """Give a p value as journals want it."""
    if text == NOTHING:
        return "–"
    return rounded_p(float(text))


def verdict(row: Row) -> str:
    """Say in words what a paired comparison shows."""
    if int(row["n_subjects"]) == 0:
        return "nothing to compare"
    if row["p_adjusted"] != NOTHING and float(row["p_adjusted"]) < _LEVEL:
        higher = row["method_b"] if float(row["rank_biserial"]) > 0 else row["method_a"]
        return f"higher with {higher}"
    few = int(row["n_nonzero"])
    if 0 < few < _PAIRS_NEEDED:
        return f"no difference shown ({few} of {row['n_subjects']} differ, and it takes {_PAIRS_NEEDED} to show one)"
    return "no difference shown"


def comparison_lines(rows: Sequence[Row], *, agreement: bool) -> list[str]:
    """Lay out the comparisons for a terminal."""
    columns: Columns = {} if agreement else {"region": itemgetter("region")}
    columns |= {
        "biomarker" if agreement else "metric": itemgetter("biomarker" if agreement else "metric"),
        "a -> b": lambda row: f"{row['method_a']} -> {row['method_b']}",
        "n": itemgetter("n_subjects"),
        "mean a": lambda row: figure(row["mean_a"]),
        "mean b": lambda row: figure(row["mean_b"]),
        "median b - a [95 %]": lambda row: interval(row, "median_difference", "difference_low", "difference_high"),
        "p adjusted": lambda row: p_value(row["p_adjusted"]),
        "": verdict,
    }
    return _lines(columns, rows) if rows else []


def rater_lines(rows: Sequence[Row]) -> list[str]:
    """Lay out the raters' summary for a terminal."""
    columns: Columns = {
        "rater": itemgetter("rater"),
        "against": itemgetter("against"),
        "n": itemgetter("n_cases"),
        "both empty": itemgetter("n_both_empty"),
        "Dice": lambda row: figure(row["mean_dice"]),
        "Dice where drawn": lambda row: figure(row["mean_dice_drawn"]),
    }
    return _lines(columns, rows)


def left_out_words(reasons: Mapping[str, int]) -> list[str]:
    """Count the cases that were not compared, by reason."""
    return [f"{count} not compared: {reason}" for reason, count in sorted(reasons.items(), key=lambda item: -item[1])]


def cells(columns: Columns, rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Give what stands in each row."""
    return [tuple(text_of(row) for text_of in columns.values()) for row in rows]


def _lines(columns: Columns, rows: Sequence[Row]) -> list[str]:
    lines = [tuple(columns), *cells(columns, rows)]
    widths = [max(map(len, texts)) for texts in zip(*lines, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines]
