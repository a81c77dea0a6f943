"""How every page turns values into HTML: escaped, without the machine's folders, with its pictures inside."""

import base64
import re
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

_FOLDERS: Final = re.compile(r"(?<![\w./\\])(?:[A-Za-z]:)?[/\\](?:[^\s/\\:;,'\"()<>]+[/\\])+")
_DASH: Final = "–"


def page_environment() -> Environment:
    """Give the environment of the templates: all text is escaped, and a value that is missing is an error.

    Filters: `data_uri` (a PNG inside the page), `figure` (a number, or a dash), `shareable` (text without folders).
    """
    environment = Environment(
        loader=PackageLoader("nnunet_ext.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"data_uri": _data_uri, "figure": _figure, "shareable": shareable}
    return environment


def shareable(text: str) -> str:
    """Take the folders off every absolute path: they name people and machines."""
    return _FOLDERS.sub("", text)


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _figure(value: float | None, digits: int = 3) -> str:
    return _DASH if value is None else f"{value:.{digits}f}"
