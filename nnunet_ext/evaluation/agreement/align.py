"""The very numbers that several methods gave for the same subjects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from nnunet_ext.core.rounding import more_than
from nnunet_ext.evaluation.agreement.measurements import Kind, Measurements
from nnunet_ext.evaluation.agreement.values import Values
from nnunet_ext.evaluation.defined import is_defined

_REFERENCE: Final = "ref_volume_mm3"


class Unit(StrEnum):
    """What counts as one independent observation."""

    SUBJECT = "subject"
    CASE = "case"


@dataclass(frozen=True, order=True)
class LeftOut:
    """A case that was not compared: in no column where `column` is empty."""

    case: str
    region: str
    column: str
    method_a: str
    method_b: str
    reason: str


@dataclass(frozen=True, eq=False)
class Sample:
    """One column of one region, as several methods measured it.

    Parameters
    ----------
    region, column, methods
        What was measured, by whom.
    units, participants, sites, images
        A subject (or case) each: identifier, name in participants.tsv, site, number of images averaged.
    values
        Shape (methods, units), in the unit of the column, all finite.
    image_values, image_subjects
        The same of every image, shape (methods, images), before any is averaged, and whose it is.
    left_out, left_out_sites
        Cases that at least one method has, and that do not count here; the site of each.
    """

    region: str
    column: str
    methods: tuple[str, ...]
    units: tuple[str, ...]
    participants: tuple[str, ...]
    sites: tuple[str, ...]
    images: tuple[int, ...]
    values: Values
    image_values: Values
    image_subjects: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    left_out_sites: tuple[str, ...]


def align(tables: Sequence[Measurements], region: str, column: str, unit: Unit) -> Sample:
    """Take one column from several methods, for the cases that all of them measured.

    Parameters
    ----------
    tables
        Two methods or more.
    region, column
        What to take.
    unit
        With `SUBJECT`, the images of one subject are averaged: they are not independent.

    Returns
    -------
    Sample
        Units in the order of their names, so that the order of the tables' rows does not matter. No common case: no
        unit.
    """
    names = tuple(table.method for table in tables)
    every = sorted({case for table in tables for case, its_region in table.values if its_region == region})
    reasons = {case: _reason(tables, case, region, column) for case in every}
    kept = [case for case, reason in reasons.items() if reason is None]
    groups: dict[str, list[str]] = {}
    for case in kept:
        groups.setdefault(case if unit is Unit.CASE else tables[0].cases[case].subject, []).append(case)
    units = sorted(groups)
    values = [
        [np.mean([table.values[case, region][column] for case in groups[key]]) for key in units] for table in tables
    ]
    known = tables[0].cases
    return Sample(
        region=region,
        column=column,
        methods=names,
        units=tuple(units),
        participants=tuple(known[groups[key][0]].participant for key in units),
        sites=tuple("+".join(sorted({known[case].site for case in groups[key]})) for key in units),
        images=tuple(len(groups[key]) for key in units),
        values=np.array(values, dtype=np.float64).reshape(len(tables), len(units)),
        image_values=np.array(
            [[table.values[case, region][column] for case in kept] for table in tables], dtype=np.float64
        ).reshape(len(tables), len(kept)),
        image_subjects=tuple(known[case].subject for case in kept),
        left_out=tuple(
            LeftOut(case, region, reason[0], names[0], names[-1], reason[1])
            for case, reason in reasons.items()
            if reason is not None
        ),
        left_out_sites=tuple(_site(tables, case) for case, reason in reasons.items() if reason is not None),
    )


def _site(tables: Sequence[Measurements], case: str) -> str:
    return next(table.cases[case].site for table in tables if case in table.cases)


def _reason(tables: Sequence[Measurements], case: str, region: str, column: str) -> tuple[str, str] | None:
    """Say why a case cannot be compared, and whether in this column only."""
    rows = [table.values.get((case, region)) for table in tables]
    without = [table.method for table, row in zip(tables, rows, strict=True) if row is None]
    if without:
        return "", f"not in the table of {', '.join(without)}"
    there: list[Mapping[str, float | None]] = [row for row in rows if row is not None]
    if tables[0].kind is Kind.METRICS and not _same_reference(there):
        return "", "the methods were scored against references of different volume"
    for table, row in zip(tables, there, strict=True):
        if all(value is None for value in row.values()):
            told = table.reasons[case, region]
            return "", f"{table.method} has no value" + (f": {told}" if told != "n/a" else "")
    missing = [(table.method, row) for table, row in zip(tables, there, strict=True) if row[column] is None]
    if not missing:
        return None
    undefined = all(not is_defined(column, row) for _, row in missing)
    why = "not defined, as nothing is there to divide by" if undefined else "missing or not finite"
    return column, f"{why}: {', '.join(method for method, _ in missing)}"


def _same_reference(rows: Sequence[Mapping[str, float | None]]) -> bool:
    volumes = [volume for row in rows if (volume := row.get(_REFERENCE)) is not None]
    return not volumes or not more_than(max(volumes), min(volumes))
