"""Reading `evidence.tsv`: the probability of each branch, by each evidence, for each patient."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.classification.evaluated.predictions import OfBranches
from nnunet_ext.classification.evidence import Evidence
from nnunet_ext.classification.taxonomy import Taxonomy
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.tables import TableRow, read_table

_COLUMNS: Final = ("person", "evidence", "branch", "probability")
_UNTEMPERED: Final = "untempered"
_SIMPLEST_FIRST: Final = tuple(map(str, Evidence))
_ROUNDING: Final = 1e-9
_OFF: Final = 1e-3  # of a sum, where a table is rounded

_Found = dict[str, dict[str, dict[str, float]]]


@dataclass(frozen=True)
class Probabilities:
    """Probabilities of each person, by each evidence, of each branch.

    Parameters
    ----------
    evidences
        The simplest first.
    tempered, untempered
        Person, then evidence, then branch. The latter is empty where the table has no such column.
    """

    evidences: tuple[str, ...]
    tempered: Mapping[str, OfBranches]
    untempered: Mapping[str, OfBranches]


def read_probabilities(path: Path, taxonomy: Taxonomy) -> Probabilities:
    """Read the table; a patient whose probabilities by an evidence are all missing has none by it.

    Raises
    ------
    FileRefusedError
        Where a branch is none of the taxonomy's, stands twice or is missing, a value is no probability, those of the
        diagnoses do not sum to 1, or one of an inner branch is not the sum of those below it.
    """
    tempered, untempered, lines = _Found(), _Found(), dict[tuple[str, str], TableRow]()
    branches = (*taxonomy.decisions[1:], *taxonomy.diagnoses)
    for row in read_table(path, _COLUMNS):
        person, evidence, branch = row["person"], row["evidence"], row["branch"]
        if branch not in branches:
            raise row.refused(f"a branch of {', '.join(branches)} was needed, found {branch!r}")
        lines[person, evidence] = row
        for column, found in (("probability", tempered), (_UNTEMPERED, untempered)):
            value = _probability(row, column) if column in row else None
            if value is None:
                continue
            of_patient = found.setdefault(person, defaultdict(dict))[evidence]
            if branch in of_patient:
                raise row.refused(f"one row a patient, evidence and branch was needed, found {branch} twice")
            of_patient[branch] = value
    for found in (tempered, untempered):
        for (person, evidence), row in lines.items():
            if given := found.get(person, {}).get(evidence):
                _check(row, taxonomy, given)
    named = {evidence for _, evidence in lines}
    if not named:
        raise FileRefusedError(path, "probabilities were needed, found no row; predict again")
    order = [*_SIMPLEST_FIRST, *sorted(named)]
    return Probabilities(tuple(sorted(named, key=order.index)), tempered, untempered)


def _probability(row: TableRow, column: str) -> float | None:
    value = row.number(column)
    if value is None:
        return None
    if not -_ROUNDING <= value <= 1 + _ROUNDING:  # NaN is refused, too
        raise row.refused(f"a probability of 0 to 1 was needed as {column}, found {value:g}")
    return min(max(value, 0.0), 1.0)


def _check(row: TableRow, taxonomy: Taxonomy, given: Mapping[str, float]) -> None:
    whose = f"{row['person']}, {row['evidence']}"
    if missing := [name for name in (*taxonomy.decisions[1:], *taxonomy.diagnoses) if name not in given]:
        raise row.refused(f"{whose}: a probability of each branch was needed, found none of {', '.join(missing)}")
    for node in taxonomy.decisions:
        whole = 1.0 if node == taxonomy.root else given[node]
        total = sum(given[leaf] for leaf in taxonomy.below(node))
        if abs(total - whole) > _OFF:
            raise row.refused(
                f"{whose}: probabilities below {node} that sum to {whole:.3f} were needed, found {total:.3f}"
            )
