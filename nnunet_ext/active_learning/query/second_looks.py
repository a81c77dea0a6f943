"""Labelled cases that take places of a round, because a model that never saw them is sure that they are wrong."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.active_learning.query.candidate import IDENTITY, Candidate
from nnunet_ext.active_learning.query.label_masks import label_masks
from nnunet_ext.active_learning.query.stratum import Ranked
from nnunet_ext.active_learning.scores.suspects import PARTS
from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import Row, filled, number
from nnunet_ext.dataset_conversion.cases_table import person_of
from nnunet_ext.dataset_conversion.existing import Existing


@dataclass(frozen=True)
class SecondLooks:
    """What is looked at again.

    Parameters
    ----------
    ranked
        The cases, those with the largest volume in doubt first.
    notes
        In sentences, which would have come, and why they cannot.
    """

    ranked: tuple[Ranked, ...] = ()
    notes: tuple[str, ...] = ()


def second_looks(
    suspects: Sequence[Row], existing: Existing, roots: Mapping[str, Path], asked: Collection[str], most: int
) -> SecondLooks:
    """Choose labelled cases to be looked at again.

    People edit the label as it stands, on the image in its BIDS folder, so that this folder has to be one of the pool.

    Parameters
    ----------
    suspects
        Rows of `suspects.tsv`.
    existing
        The labelled dataset.
    roots
        Folder of each dataset of the pool by its name.
    asked
        Cases that people looked at before.
    most
        How many.
    """
    rows = {row["case"]: row for row in existing.ledger.included}
    doubtful = [row for row in suspects if filled(row, "reason") and row["case"] not in asked]
    ranked: list[Ranked] = []
    lost: list[str] = []
    for one in sorted(doubtful, key=lambda row: (-_volume(row), row["case"])):
        if len(ranked) == most:
            break
        if why := "; ".join(_obstacles(rows[one["case"]], existing, roots)):
            lost.append(f"{one['case']}: {why}")
        else:
            reason = f"its label deserves a second look: {'; '.join(split_list(one['reason']))}"
            ranked.append(Ranked(Candidate(_identity(rows[one["case"]])), _volume(one), reason))
    notes = (f"{len(lost)} labels cannot be looked at again: {first_few(lost)}",) if lost else ()
    return SecondLooks(tuple(ranked), notes)


def _obstacles(row: Row, existing: Existing, roots: Mapping[str, Path]) -> Iterator[str]:
    if row["dataset"] not in roots:
        yield f'its folder is none of the pool\'s; add it in active.toml: pool = [..., "{row["dataset"]}=FOLDER"]'
        return
    files = [roots[row["dataset"]] / image for image in split_list(row["image"])]
    for file, digest in zip(files, split_list(row["image_sha256"]), strict=False):
        if not file.is_file() or sha256(file) != digest:
            yield f"{file} is not the image that was converted"
            return
    try:
        label_masks(existing.dataset, row["case"], files[0])
    except FileRefusedError as error:
        yield f"{error.path.name}: {error.reason}"


def _identity(row: Row) -> dict[str, str]:
    return {**{column: row[column] for column in IDENTITY}, "person": "/".join(person_of(row))}


def _volume(row: Row) -> float:
    cells = (row[f"{kind}_{part}_mm3"] for part in PARTS for kind in ("missing", "extra"))
    return sum(number(text) or 0.0 for text in cells)
