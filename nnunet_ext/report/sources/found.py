"""What one folder holds for the pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nnunet_ext.core.tables import Row
from nnunet_ext.evaluation.lesions import LesionDefinition
from nnunet_ext.report.sources.record import CaseRecord


@dataclass(frozen=True)
class Curves:
    """One training: values for each epoch."""

    name: str
    train_loss: tuple[float, ...]
    validation_loss: tuple[float, ...]
    pseudo_dice: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class NamedTable:
    """A table as it stands in a file, and what it is."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Found:
    """What a folder holds.

    Parameters
    ----------
    kind
        What the folder is, in words.
    cases
        Any number.
    summary
        `summary.tsv` of an evaluation; None elsewhere.
    tables
        Shown as they are.
    curves
        Of trainings.
    definitions
        Column to what a reader must know of it (name, formula, unit, better, empty_masks).
    symbols
        What the letters of the formulas mean.
    facts
        Label to value: versions, presets.
    pictures
        Caption and file of figures that another verb drew.
    counting
        What an evaluation counted as a lesion; None elsewhere.
    problems
        Sentences on files that could not be read.
    """

    kind: str
    cases: tuple[CaseRecord, ...] = ()
    summary: Path | None = None
    tables: tuple[NamedTable, ...] = ()
    curves: tuple[Curves, ...] = ()
    definitions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    symbols: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[tuple[str, Path], ...] = ()
    problems: tuple[str, ...] = ()
    counting: LesionDefinition | None = None
