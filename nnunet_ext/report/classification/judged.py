"""What the page is made of: the tables of an evaluation as they were written, and what to say of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from nnunet_ext.core.tables import Row

_SHOWN: Final = 3


@dataclass(frozen=True)
class Judged:
    """An evaluation in plain values.

    Parameters
    ----------
    tables
        File name, such as `figures.tsv`, to its rows.
    questions
        Each node of the tree to its branches, from the root; last `diagnoses`, where there are several nodes.
    recommended
        The evidence that is.
    patients
        How many were judged.
    findings, leaks, cautions
        A sentence each: how good it is, what makes that too good, what else to know.
    definitions
        Table to what each of its columns means.
    facts
        How it was made.
    """

    tables: Mapping[str, Sequence[Row]]
    questions: Mapping[str, tuple[str, ...]]
    recommended: str
    patients: int
    findings: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    definitions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)

    def rows(self, file: str, /, **wanted: str) -> list[Row]:
        """Give the rows of a table that have these cells; of a table that is not there none."""
        return [row for row in self.tables.get(file, ()) if all(row[column] == cell for column, cell in wanted.items())]

    def figures(self, file: str, /, **wanted: str) -> dict[str, Row]:
        """Give the same rows by what stands in `figure`."""
        return {row["figure"]: row for row in self.rows(file, **wanted)}

    def title(self, question: str) -> str:
        """Name a question by its branches: `MS or NMOSD`."""
        branches = self.questions[question]
        return " or ".join(branches) if len(branches) <= _SHOWN else f"all {len(branches)} {question}"
