"""Tables as `evaluate` and `biomarkers` leave them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.tables import table_text


def write_metrics(folder: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """Write metrics.tsv; of each row only what differs from a lesion at a site called `here` is needed."""
    usual = {"site": "here", "region": "lesion", "ref_volume_mm3": 100.0, "status": "ok", "reason": "n/a"}
    return _write(folder / "metrics.tsv", [{**usual, **row} for row in rows])


def write_biomarkers(folder: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """Write cases_biomarkers.tsv."""
    return _write(folder / "cases_biomarkers.tsv", [{"site": "here", **row} for row in rows])


def write_participants(folder: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """Write participants.tsv."""
    return _write(folder / "participants.tsv", rows)


def _write(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    cells = [{column: str(row.get(column, "n/a")) for column in columns} for row in rows]
    write_text(path, table_text(cells, columns))
    return path
