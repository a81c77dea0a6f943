"""How every page turns values into HTML: escaped, without the machine's folders, with its pictures inside."""

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from nnunet_ext.report.region_names import region_name

_FOLDERS: Final = re.compile(r"(?<![\w./\\])(?:[A-Za-z]:)?[/\\](?:[^\s/\\:;,'\"()<>]+[/\\])+")
_DASH: Final = "–"


@cache
def page_environment() -> Environment:
    """Give the environment of the templates: all text is escaped, and a value that is missing is an error.

    Filters: `data_uri` (a picture inside the page, PNG unless another kind is named), `figure` (a number, or a dash),
    `shareable` (text without folders), `region_name` (what the pages call a region). It is made once: compiling its
    templates takes longer than filling them.
    """
    environment = Environment(
        loader=PackageLoader("nnunet_ext.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "data_uri": _data_uri,
        "figure": _figure,
        "shareable": shareable,
        "region_name": region_name,
    }
    return environment


def shareable(text: str) -> str:
    """Take the folders off every absolute path: they name people and machines."""
    return _FOLDERS.sub("", text)


@dataclass(frozen=True)
class Script:
    """A script that stands inside a page.

    Parameters
    ----------
    text
        What stands in the element.
    source
        For the page's content security policy: this very text may run, and no other.
    """

    text: Markup
    source: str


def inline_script(text: str) -> Script:
    """Make a script fit to stand inside a page: nothing in it ends the element."""
    safe = text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    digest = base64.b64encode(hashlib.sha256(safe.encode("utf-8")).digest()).decode("ascii")
    return Script(Markup(safe), f"'sha256-{digest}'")  # noqa: S704 - the text is ours


def shipped_script(name: str) -> Script:
    """Take one of the scripts that stand beside the templates."""
    return inline_script(files("nnunet_ext.report").joinpath("templates", name).read_text(encoding="utf-8"))


def _data_uri(picture: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"


def _figure(value: float | None, digits: int = 3) -> str:
    return _DASH if value is None else f"{value:.{digits}f}"
