"""Part of a round's page: what correcting at the desk in the browser took, by rater."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from nnunet_ext.core.tables import TableRow, filled, finite_number
from nnunet_ext.report.round.round_tables import RoundTables
from nnunet_ext.report.rounded import rounded
from nnunet_ext.report.section import Section

_COLUMNS: Final = (
    "Rater", "Cases", "Minutes", "Minutes a case", "Clicks a case", "Strokes a case", "Voxels a case", "Tools",
)  # fmt: skip
_TOOLS: Final = 6


def desk_sections(tables: RoundTables) -> list[Section]:
    """Tell it, where somebody has used the desk."""
    of_rater: dict[str, list[TableRow]] = {}
    for rater, row in tables.at_desk:
        of_rater.setdefault(rater, []).append(row)
    if not of_rater:
        return []
    rows = [_row(rater or "Everybody", own) for rater, own in of_rater.items()]
    if len(of_rater) > 1:
        rows.append(_row("Everybody", [row for own in of_rater.values() for row in own]))
    note = "Time without pauses; strokes are those of brush and eraser. effort.tsv in a rater's folder has each case."
    return [Section("desk", "At the desk", "", _COLUMNS, rows, note)]


def _row(rater: str, rows: Sequence[TableRow]) -> tuple[str, ...]:
    def each(column: str, scale: float = 1) -> str:
        return rounded(_sum(rows, column) * scale / len(rows))

    tools: Counter[str] = Counter()
    for row in rows:
        for used in filter(None, filled(row, "tools").split(";")):
            tool, _, count = used.strip().rpartition(" ")
            tools[tool] += int(finite_number(count) or 0)
    minutes = rounded(_sum(rows, "seconds") / 60)
    most = ", ".join(f"{tool} {count}" for tool, count in tools.most_common(_TOOLS)) or "–"
    numbers = (each("seconds", 1 / 60), each("clicks"), each("strokes"), each("voxels_changed"))
    return (rater, str(len(rows)), minutes, *numbers, most)


def _sum(rows: Sequence[TableRow], column: str) -> float:
    return sum(finite_number(row[column]) or 0 for row in rows)
