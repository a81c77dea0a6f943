"""The output folder of `agreement`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.atomic import write_bytes, write_json, write_text
from nnunet_ext.core.output_place import OutputPlace
from nnunet_ext.core.tables import Row, table_text
from nnunet_ext.evaluation.agreement.agreement_dictionary import TABLES, agreement_dictionary, table_columns
from nnunet_ext.evaluation.agreement.compare import Rules
from nnunet_ext.report.agreement_page import AgreementContent, render_agreement_page
from nnunet_ext.report.rendering import shareable
from nnunet_ext.report.section import Picture

_DICTIONARY: Final = "agreement.json"
_PAGE: Final = "agreement.html"
_FIGURES: Final = "figures"


def claim(out: Path, inputs: Sequence[Path], settings: Mapping[str, Any], *, force: bool) -> OutputPlace:
    """Claim the folder; see `OutputPlace` for what is refused, and for the settings."""
    place = OutputPlace(out, "agreement", "Agreement of segmentations", force=force, settings=settings)
    place.refuse_inputs(inputs)
    place.refuse_taken()
    return place


def write_agreement(
    place: OutputPlace,
    tables: Mapping[str, Sequence[Row]],
    figures: Mapping[str, Picture],
    page: AgreementContent,
    facts: Mapping[str, Any],
    rules: Rules | None = None,
) -> None:
    """Write everything, the page last; of an earlier agreement nothing is left over.

    The folder is claimed; tables and figures go by their file names; of the page the definitions are filled in here;
    facts and rules stand in the dictionary beside what the columns mean.
    """
    out = place.folder
    place.begin((*tables, *(f"{_FIGURES}/{name}" for name in figures), _DICTIONARY, _PAGE))
    write_json(
        out / _DICTIONARY, agreement_dictionary({name: len(rows) for name, rows in tables.items()}, rules, facts)
    )
    for name, rows in tables.items():
        shared = [{column: shareable(row[column]) for column in TABLES[name]} for row in rows]
        write_text(out / name, table_text(shared, list(TABLES[name])))
    for name, picture in figures.items():
        write_bytes(out / _FIGURES / name, picture.svg)
    definitions = {name: table_columns(name, rules) for name in tables}
    write_text(out / _PAGE, render_agreement_page(replace(page, definitions=definitions)))
    place.finish()
