"""The page itself: content in, one self-contained HTML text out."""

import base64
import re
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from nnunet_ext.report.content import CaseEntry, ReportContent

_FOLDERS: Final = re.compile(r"(?<![\w./\\])(?:[A-Za-z]:)?[/\\](?:[^\s/\\:;,'\"()<>]+[/\\])+")
_DASH: Final = "–"


def render_report(content: ReportContent) -> str:
    """Render the page.

    It opens offline and can be passed on: pictures stand inside, a content security policy forbids everything else,
    all text is escaped, and of a path only the file's name is left.

    Parameters
    ----------
    content
        What to say. No case at all is fine: the page then says so.

    Returns
    -------
    str
        HTML, the same for the same content.
    """
    environment = Environment(
        loader=PackageLoader("nnunet_ext.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"data_uri": _data_uri, "figure": _figure, "shareable": _shareable}
    template = environment.get_template("report.html.j2")
    return template.render(content=content, cases=sorted(content.cases, key=_worst_first))


def _worst_first(case: CaseEntry) -> tuple[bool, float, float, str]:
    """Order by the worst region, then by the mean of all; cases without a reference come last."""
    if case.worst_dice is None:
        return True, 0.0, 0.0, case.name
    return False, case.worst_dice, sum(row.dsc for row in case.metrics) / len(case.metrics), case.name


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _figure(value: float | None, digits: int = 3) -> str:
    return _DASH if value is None else f"{value:.{digits}f}"


def _shareable(text: str) -> str:
    """Take the folders off every absolute path: they name people and machines."""
    return _FOLDERS.sub("", text)
