"""What `nnunet_ext agreement` left: tables and figures."""

from pathlib import Path
from typing import Final

from nnunet_ext.core.tables import read_table
from nnunet_ext.report.sources.found import Found, NamedTable

TABLES: Final = {
    "comparison.tsv": "Comparison of methods",
    "agreement.tsv": "Agreement of biomarkers",
    "correlation.tsv": "Correlation with clinical scores",
    "raters.tsv": "Raters",
}
_PICTURES: Final = (".svg", ".png")


def read_agreement(folder: Path) -> Found:
    """Read the folder: each of its tables that has a row, and its figures."""
    there = {title: folder / name for name, title in TABLES.items() if (folder / name).is_file()}
    tables = [NamedTable(title, tuple(read_table(path))) for title, path in there.items()]
    files = sorted(path for path in (folder / "figures").glob("[!.]*") if path.suffix in _PICTURES)
    return Found(
        "agreement",
        tables=tuple(table for table in tables if table.rows),
        pictures=tuple((path.stem.replace("_", " "), path) for path in files),
    )
