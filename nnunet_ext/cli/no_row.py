"""What is said of cases that a table given with `--cases` does not know."""

from collections.abc import Sequence
from pathlib import Path

from nnunet_ext.core.first_few import first_few


def no_row(table: Path, cases: Sequence[str], count: int) -> str:
    """Say which of `count` cases have no row: misspelt, or saved with other names."""
    return f"--cases {table.name}: no row of {len(cases)} of {count} cases, such as {first_few(cases, 3)}"
