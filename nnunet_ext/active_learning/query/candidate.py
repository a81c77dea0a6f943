"""A case of the pool as the query sees it."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.names import bids_stem, parse_case
from nnunet_ext.core.tables import Row, filled, number

IDENTITY: Final = ("case", "dataset", "subject", "session", "site", "contrast", "image", "image_sha256")
"""The columns of `scores.tsv` that `query.tsv` repeats."""


@dataclass(frozen=True)
class Candidate:
    """A row of `scores.tsv`.

    Parameters
    ----------
    row
        Column to cell.
    """

    row: Row

    @property
    def case(self) -> str:
        """Its identifier."""
        return self.row["case"]

    @cached_property
    def site(self) -> str:
        """Where the image was made; empty where that is not known."""
        return filled(self.row, "site")

    @cached_property
    def person(self) -> tuple[str, str]:
        """Whose image it is: the column `person` where there is one, else dataset and subject, else the case."""
        if person := filled(self.row, "person"):
            return "", person
        return self.row["dataset"], filled(self.row, "subject") or self.case

    @cached_property
    def session(self) -> str:
        """The session; empty where it has none."""
        return filled(self.row, "session")

    @property
    def path(self) -> str:
        """Where a BIDS dataset keeps the image, by its name alone."""
        return "/".join(filter(None, [parse_case(self.case).folder, bids_stem(self.case)]))

    @property
    def alarms(self) -> tuple[str, ...]:
        """What does not look right in its prediction."""
        return split_list(self.row.get("alarms", ""))

    def measure(self, column: str) -> float | None:
        """Read a number; None where it is not defined, or the table has no such column.

        Raises
        ------
        DataRefusedError
            Where it is a word, or not finite.
        """
        text = filled(self.row, column)
        try:
            value = number(text)
        except ValueError:
            value = math.nan
        if value is not None and not math.isfinite(value):
            raise DataRefusedError(
                f"scores of {self.case}: a finite number or n/a was needed as {column}, found {text[:60]!r}; "
                "remove that round's scores.tsv and query again"
            )
        return value

    def predicted(self, region: str) -> bool:
        """Tell whether the model has found a region here; not where that is not known."""
        return (self.measure(f"{region}_mm3") or 0) > 0

    @property
    def healthy(self) -> bool:
        """Whether a cord was found and no lesion. Where the target has no lesion, nobody is known to be healthy."""
        return self.predicted("cord") and self.measure("lesion_mm3") == 0


def candidates(rows: Iterable[Mapping[str, str]]) -> tuple[Candidate, ...]:
    """Give the candidates in the order of their names.

    Raises
    ------
    DataRefusedError
        Where two rows have one case.
    """
    found = sorted(map(Candidate, rows), key=lambda candidate: candidate.case)
    counts = Counter(candidate.case for candidate in found)
    if twice := [case for case, count in counts.items() if count > 1]:
        raise DataRefusedError(f"scores.tsv: a row for each case was needed, found several of {first_few(twice)}")
    return tuple(found)
