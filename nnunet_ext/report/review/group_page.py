"""The group page: one HTML text with every case inside."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from markupsafe import Markup

from nnunet_ext.core.provenance import generated_by
from nnunet_ext.core.tables import is_missing, is_number, number
from nnunet_ext.evaluation.defined import NEEDS, is_defined
from nnunet_ext.report.region_names import REGION_NAMES, region_name
from nnunet_ext.report.rendering import page_environment, shareable, shipped_script
from nnunet_ext.report.review.case_view import CaseView
from nnunet_ext.report.review.correction_flags import correction_flags
from nnunet_ext.report.review.group_content import GroupContent
from nnunet_ext.report.review.legend import legend
from nnunet_ext.report.review.page_names import page_names
from nnunet_ext.report.review.review_columns import metric_title
from nnunet_ext.report.table import Table

_SHOWN: Final = (
    "dsc", "nsd", "hd95", "rel_vol_error", "ref_volume_mm3", "pred_volume_mm3", "ref_count", "pred_count",
    "lesion_sensitivity", "lesion_ppv", "lesion_f1",
)  # fmt: skip


def render_group(content: GroupContent) -> str:
    """Render the page, the same for the same content; it may have no case at all.

    It opens offline from a file and can be passed on: pictures and script stand inside, the content security policy
    lets nothing else run, all text is escaped, and of a path only the file's name is left.
    """
    template = page_environment().get_template("review.html.j2")
    return template.render(
        content=content,
        data=Markup(_embedded(_data(content))),  # noqa: S704 - JSON, with what could end the element escaped
        script=shipped_script("review.js"),
        pages=page_names(content.cases),
        tables=[metric_rows(case, content) for case in content.cases],
        legends=[legend(case) for case in content.cases],
        numbered=[any(sheet.lesions for sheet in case.sheets) for case in content.cases],
        correction=correction_flags(content.cases),
        listed={mark.value: mark.listed for mark in content.marks},
        roles={role for case in content.cases for role in case.roles},
    )


def metric_rows(case: CaseView, content: GroupContent, columns: tuple[str, ...] = _SHOWN) -> Table | None:
    """Lay out the metrics of a case, a row a region; None where it has none."""
    there = [column for column in columns if any(row.get(column, "n/a") != "n/a" for row in case.metrics)]
    if not there:
        return None
    digits = {column.key: column.digits for column in content.columns}
    rows = tuple(
        (region_name(row["region"]), *(_cell(row, column, digits) for column in there)) for row in case.metrics
    )
    return Table(("", *(metric_title(column, content.definitions) for column in there)), rows)


def _cell(row: Mapping[str, str], column: str, digits: Mapping[str, int]) -> str:
    cell = row.get(column, "n/a")
    if not is_defined(
        column, {name: number(row[name]) for name in NEEDS.get(column, ()) if is_number(row.get(name, ""))}
    ):
        return "–"
    places = digits.get(f"{row['region']} {column}", 2)
    value = number(cell) if is_number(cell) else None
    return f"{value:.{places}f}" if value is not None else "–" if is_missing(cell) else cell


def _data(content: GroupContent) -> dict[str, Any]:
    """Give what the script works on; the digest tells this report's marks from those of another."""
    digest = hashlib.sha256()
    for case in content.cases:
        digest.update(json.dumps([case.name, dict(case.values)]).encode("utf-8"))
        for sheet in case.sheets:
            for picture in (sheet.background, *(layer for _, layer in sheet.layers)):
                digest.update(picture)
    main = next((column for column in content.columns if column.major), None)
    return {
        "generated_by": [generated_by()],
        "title": shareable(content.title),
        "digest": digest.hexdigest()[:20],
        "default_title": content.order,
        "correction": asdict(correction_flags(content.cases)),
        "region_names": dict(REGION_NAMES),
        "marks": [{"value": one.value, "title": one.title, "sign": one.sign, "key": one.key} for one in content.marks],
        "cycle": ["", *(column.key for column in content.columns if column.major), "case", "mark"],
        "columns": [
            {"key": one.key, "title": one.title, "digits": one.digits, "descending": one.descending}
            for one in content.columns
        ],
        "cases": [
            _case(case, "" if main is None else main.key, 0 if main is None else main.digits) for case in content.cases
        ],
    }


def _case(case: CaseView, main: str, digits: int) -> dict[str, Any]:
    value = case.values.get(main)
    return {
        "case": shareable(case.name),
        "file": case.file_name,
        "site": shareable(case.site),
        "contrast": shareable(case.contrast),
        "status": case.status,
        "regions": list(case.regions),
        "roles": list(case.roles),
        "lesions_of": case.lesions_of,
        "lead": "" if value is None else f"{value:.{digits}f}",
        "values": {key: case.counted(key) for key in case.values},
    }


def _embedded(data: dict[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # In a script element only these could end it, or start another.
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
