"""What a dataset says of its cases: the rows of its tables, and what its record holds of each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.tables import Row
from nnunet_ext.core.target import Target
from nnunet_ext.dataset_conversion.cases_table import case_row
from nnunet_ext.dataset_conversion.convert_case import ConvertedCase
from nnunet_ext.dataset_conversion.plan import Plan
from nnunet_ext.dataset_conversion.plan_file import case_content
from nnunet_ext.dataset_conversion.quality_table import quality_row, unusual_first


@dataclass(frozen=True)
class Counts:
    """How many cases met which fate: `found` is `skipped`, `refused`, `train`, `test` and `pool` together."""

    found: int
    skipped: int
    refused: int
    train: int
    test: int
    pool: int


@dataclass(frozen=True)
class Ledger:
    """What a dataset says of its cases.

    Parameters
    ----------
    rows
        Of `cases.tsv`, sorted by case.
    quality
        Of `qc.tsv`, one for each included case, unusual ones first.
    contents
        Of `conversion.json`, in the order of `rows`.
    """

    rows: Sequence[Row]
    quality: Sequence[Row]
    contents: Sequence[Mapping[str, Any]]

    @property
    def counts(self) -> Counts:
        """Count the cases."""
        splits = Counter(row["split"] for row in self.included)
        refused = sum(content["refused"] for content in self.contents)
        skipped = len(self.rows) - len(self.included) - refused
        return Counts(len(self.rows), skipped, refused, splits["train"], splits["test"], splits["pool"])

    @property
    def included(self) -> list[Row]:
        """The rows of the cases that are in the dataset."""
        return [row for row in self.rows if row["status"] == "include"]


@dataclass(frozen=True)
class Conversion:
    """A finished conversion.

    Parameters
    ----------
    dataset
        The folder that was written.
    plan
        How.
    counts
        What became of its cases.
    kept
        For cases of a dataset that stood there, whose sources have changed, why they stay as they were.
    """

    dataset: RawDataset
    plan: Plan
    counts: Counts
    kept: Mapping[str, str] = field(default_factory=dict)


def ledger_of(converted: Sequence[ConvertedCase], target: Target) -> Ledger:
    """Note what became of the cases of one conversion."""
    classes = target.needed_classes
    return _sorted(
        rows=[case_row(case) for case in converted],
        quality=[quality_row(case, classes) for case in converted if not case.plan.reason],
        contents=[{**case_content(case.plan), "sha256": dict(case.sources)} for case in converted],
        target=target,
    )


def joined(old: Ledger, new: Ledger, target: Target) -> Ledger:
    """Add the cases of `new` to those of `old`; where both have a case, or an image that was left out, `new` counts."""
    replaced, images = {row["case"] for row in new.rows}, {(row["dataset"], row["image"]) for row in new.rows}
    kept = [
        index
        for index, row in enumerate(old.rows)
        if row["case"] not in replaced and (row["status"] == "include" or (row["dataset"], row["image"]) not in images)
    ]
    names = {old.rows[index]["case"] for index in kept}
    return _sorted(
        rows=[*(old.rows[index] for index in kept), *new.rows],
        quality=[*(row for row in old.quality if row["case"] in names), *new.quality],
        contents=[*(old.contents[index] for index in kept), *new.contents],
        target=target,
    )


def _sorted(
    rows: Sequence[Row], quality: Sequence[Row], contents: Sequence[Mapping[str, Any]], target: Target
) -> Ledger:
    order = sorted(range(len(rows)), key=lambda index: (rows[index]["case"], rows[index]["image"]))
    marked = unusual_first(quality, target.needed_classes)
    return Ledger([rows[index] for index in order], marked, [contents[index] for index in order])
