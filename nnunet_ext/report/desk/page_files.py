"""The files that the desk's page is made of."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from nnunet_ext.report.colours import DRAWN_COLOURS
from nnunet_ext.report.rendering import Script

SCRIPTS: Final = (
    "runs.js", "grid.js", "slices.js", "layers.js", "components.js", "grow.js", "fit.js", "brush.js", "fill.js",
    "interpolate.js", "smooth.js", "extent.js", "nifti.js", "work.js", "effort.js", "server.js", "sitting.js",
    "tiles.js", "view.js", "solid.js", "pointer.js", "actions.js", "keys.js", "panel.js", "cases.js", "main.js",
)  # fmt: skip
"""In the order in which they run; each adds its part to the one object `desk`."""

_FOLDER: Final = "nnunet_ext.report"


@dataclass(frozen=True)
class Offline:
    """What stands inside a page that no server stands behind.

    Parameters
    ----------
    script
        All scripts in one.
    style
        The page's style.
    data
        What it knows of its cases, as JSON.
    images
        Of each case the image, gzipped, in base64.
    back
        Page that it leads back to.
    """

    script: Script
    style: Markup
    data: Markup
    images: tuple[str, ...]
    back: str


def desk_page(offline: Offline | None = None, niivue: str = "") -> str:
    """Give the HTML: of a page that asks a server for everything, or of one that holds all it needs.

    Parameters
    ----------
    offline
        None for the served page.
    niivue
        Where NiiVue is asked for; empty: there is no view in three dimensions.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    page = environment.from_string(page_file("index.html.j2"))
    return page.render(colours=" ".join(DRAWN_COLOURS), scripts=SCRIPTS, offline=offline, niivue=niivue)


def page_file(name: str) -> str:
    """Read one of the page's files."""
    return files(_FOLDER).joinpath("desk", "page", name).read_text(encoding="utf-8")


def niivue() -> str:
    """Read the vendored NiiVue."""
    return files(_FOLDER).joinpath("vendor", "niivue", "niivue.umd.js").read_text(encoding="utf-8")
