"""The files of the desk's page, as a server hands them out."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from jinja2 import Environment, StrictUndefined

from nnunet_ext.report.colours import DRAWN_COLOURS

SCRIPTS: Final = (
    "runs.js", "grid.js", "slices.js", "layers.js", "components.js", "grow.js", "brush.js", "fill.js", "interpolate.js",
    "smooth.js", "extent.js", "nifti.js", "work.js", "effort.js", "server.js", "sitting.js", "tiles.js", "view.js",
    "solid.js", "pointer.js", "actions.js", "keys.js", "panel.js", "cases.js", "main.js",
)  # fmt: skip
"""In the order in which they run; each adds its part to the one object `desk`."""

_PAGE: Final = "nnunet_ext.report"


def desk_assets() -> Mapping[str, tuple[bytes, str]]:
    """Give the page and all it loads: name to bytes and content type.

    `index.html` is the page itself; it asks for the others under `static/`. It holds no script and no style of its
    own, so that a content security policy of `script-src 'self'; style-src 'self'` lets it work. NiiVue among them is
    loaded when someone asks for the view in three dimensions.
    """
    folder = files(_PAGE).joinpath("desk", "page")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    page = environment.from_string(folder.joinpath("index.html.j2").read_text(encoding="utf-8"))
    assets = {
        "index.html": (
            page.render(colours=" ".join(DRAWN_COLOURS), scripts=SCRIPTS).encode("utf-8"),
            "text/html; charset=utf-8",
        ),
        "desk.css": (folder.joinpath("desk.css").read_bytes(), "text/css; charset=utf-8"),
    }
    assets |= {name: (folder.joinpath(name).read_bytes(), "text/javascript; charset=utf-8") for name in SCRIPTS}
    niivue = files(_PAGE).joinpath("vendor", "niivue", "niivue.umd.js").read_bytes()
    return assets | {"niivue.umd.js": (niivue, "text/javascript; charset=utf-8")}
