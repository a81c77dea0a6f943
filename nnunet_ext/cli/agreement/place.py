"""The output folder of `agreement`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.atomic import write_bytes, write_json, write_text
from nnunet_ext.core.output_place import OutputPlace
from nnunet_ext.core.tables import Row, table_text
from nnunet_ext.evaluation.agreement.agreement_dictionary import TABLES
from nnunet_ext.report.rendering import shareable

_DICTIONARY: Final = "agreement.json"
_PAGE: Final = "agreement.html"
_FIGURES: Final = "figures"


def claim(out: Path, inputs: Sequence[Path], *, force: bool) -> OutputPlace:
    """Claim the folder; see `OutputPlace` for what is refused."""
    place = OutputPlace(out, "agreement", "Agreement of segmentations", force=force)
    place.refuse_inputs(inputs)
    place.refuse_taken()
    return place


def write_agreement(
    place: OutputPlace,
    tables: Mapping[str, Sequence[Row]],
    figures: Mapping[str, bytes],
    page: str,
    dictionary: Mapping[str, Any],
) -> None:
    """Write everything, the page last; of an earlier agreement nothing is left over.

    Parameters
    ----------
    place
        The folder, claimed.
    tables
        File name to rows.
    figures
        File name to SVG.
    page
        HTML.
    dictionary
        What the columns mean.
    """
    out = place.folder
    place.begin((*tables, *(f"{_FIGURES}/{name}" for name in figures), _DICTIONARY, _PAGE))
    write_json(out / _DICTIONARY, dict(dictionary))
    for name, rows in tables.items():
        shared = [{column: shareable(row[column]) for column in TABLES[name]} for row in rows]
        write_text(out / name, table_text(shared, list(TABLES[name])))
    for name, svg in figures.items():
        write_bytes(out / _FIGURES / name, svg)
    write_text(out / _PAGE, page)
    place.finish()
