"""The output folder of `agreement`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.atomic import write_bytes, write_json, write_text
from nnunet_ext.core.errors import ConflictError, UsageError
from nnunet_ext.core.provenance import generated_by
from nnunet_ext.core.tables import Row, table_text
from nnunet_ext.evaluation.agreement.dictionary import TABLES
from nnunet_ext.report.rendering import shareable

DICTIONARY: Final = "agreement.json"
"""Describes the tables; a folder that holds it is one of ours."""

PAGE: Final = "agreement.html"
_FIGURES: Final = "figures"


def refuse_place(out: Path, inputs: Sequence[Path], *, force: bool) -> None:
    """Refuse an output folder that would change the input or what stands in it.

    Raises
    ------
    UsageError
        Where it is a file, an input, or lies in one.
    ConflictError
        Where it holds other files, or an agreement that `force` does not give up.
    """
    if out.is_file():
        raise UsageError(f"-o {out}: a folder was needed")
    for given in inputs:
        folder = given.resolve() if given.is_dir() else given.resolve().parent
        if out.resolve() == folder or (given.is_dir() and out.resolve().is_relative_to(folder)):
            raise UsageError(f"-o {out}: lies in the input {given}, which is only ever read; choose a folder beside it")
    others = sorted(entry.name for entry in out.iterdir() if not entry.name.startswith(".")) if out.is_dir() else []
    if others and not (out / DICTIONARY).is_file():
        raise ConflictError(f"-o {out}: holds {', '.join(others[:3])}, no agreement; choose another folder")
    if others and not force:
        raise ConflictError(f"-o {out}: holds an agreement already; make it again with --force")


def write_agreement(
    out: Path,
    tables: Mapping[str, Sequence[Row]],
    figures: Mapping[str, bytes],
    page: str,
    dictionary: Mapping[str, Any],
) -> None:
    """Write everything, the page last; of an earlier agreement nothing is left over.

    Parameters
    ----------
    out
        The folder.
    tables
        File name to rows.
    figures
        File name to SVG.
    page
        HTML.
    dictionary
        What the columns mean.
    """
    for file in (*(out / name for name in (*TABLES, PAGE)), *(out / _FIGURES).glob("*.svg")):
        file.unlink(missing_ok=True)
    write_json(out / DICTIONARY, dict(dictionary))  # first: from now on the folder is known as ours
    for name, rows in tables.items():
        shared = [{column: shareable(row[column]) for column in TABLES[name]} for row in rows]
        write_text(out / name, table_text(shared, list(TABLES[name])))
    for name, svg in figures.items():
        write_bytes(out / _FIGURES / name, svg)
    description = {
        "Name": "Agreement of segmentations",
        "BIDSVersion": "1.10.0",
        "DatasetType": "derivative",
        "GeneratedBy": [generated_by()],
    }
    write_json(out / "dataset_description.json", description)
    write_text(out / PAGE, page)
