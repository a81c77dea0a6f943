"""The files of the desk's page, as a server hands them out."""

from collections.abc import Mapping
from typing import Final

from nnunet_ext.report.desk.page_files import SCRIPTS, desk_page, niivue, page_file

_STYLE: Final = "text/css; charset=utf-8"
_SCRIPT: Final = "text/javascript; charset=utf-8"
_NIIVUE: Final = "niivue.umd.js"


def desk_assets() -> Mapping[str, tuple[bytes, str]]:
    """Give the page and all it loads: name to bytes and content type.

    `index.html` is the page itself; it asks for the others under `static/`. It holds no script and no style of its
    own, so that a content security policy of `script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'`
    lets it work. NiiVue among them is loaded when someone asks for the view in three dimensions.
    """
    page = desk_page(niivue=f"static/{_NIIVUE}")
    return {
        "index.html": (page.encode("utf-8"), "text/html; charset=utf-8"),
        "desk.css": (page_file("desk.css").encode("utf-8"), _STYLE),
        **{name: (page_file(name).encode("utf-8"), _SCRIPT) for name in SCRIPTS},
        _NIIVUE: (niivue().encode("utf-8"), _SCRIPT),
    }
