"""Writing the viewer's page."""

import base64
import json
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.workers import Progress, run_all
from nnunet_ext.report.colours import PREDICTION_COLOURS, REFERENCE_COLOURS
from nnunet_ext.report.region_names import region_name
from nnunet_ext.report.rendering import inline_script, page_environment, shareable, shipped_script
from nnunet_ext.report.review.group_content import GroupContent
from nnunet_ext.report.review.write_report import GROUP_PAGE, VIEWER_PAGE
from nnunet_ext.report.sources.gather import Gathered
from nnunet_ext.report.viewer.volumes import ViewerVolumes, viewer_volumes

_NIIVUE: Final = ("vendor", "niivue", "niivue.umd.js")


def write_viewer(
    gathered: Gathered, content: GroupContent, out: Path, *, n_procs: int = 1, progress: Progress | None = None
) -> Path:
    """Write `viewer.html`: NiiVue and the cord-cropped volumes of all cases in one file that needs no network.

    Parameters
    ----------
    gathered, content, out, n_procs, progress
        As the report was written from, and with: the cases stand in its order.
    """
    records = {record.name: record for record in gathered.cases}
    ordered = [records[case.name] for case in content.cases]
    volumes = run_all(viewer_volumes, ordered, (), n_procs, progress)
    niivue = inline_script(files("nnunet_ext.report").joinpath(*_NIIVUE).read_text(encoding="utf-8"))
    data = {
        "cases": [_about(one) for one in volumes],
        "colours": {"reference": list(REFERENCE_COLOURS), "prediction": list(PREDICTION_COLOURS)},
    }
    page = page_environment().get_template("viewer.html.j2").render(
        content=content,
        group_page=GROUP_PAGE,
        niivue=niivue,
        script=shipped_script("viewer.js"),
        data=Markup(json.dumps(data).replace("<", "\\u003c")),  # noqa: S704 - JSON that cannot end the element
        volumes=[
            (f"volume-{number}-{part}", base64.b64encode(packed).decode("ascii"))
            for number, one in enumerate(volumes)
            for part, packed in _parts(one).items()
        ],
    )  # fmt: skip
    write_text(out / VIEWER_PAGE, page)
    return out / VIEWER_PAGE


def _about(one: ViewerVolumes) -> dict[str, Any]:
    return {
        "name": shareable(one.name),
        "parts": sorted(_parts(one)),
        "regions": [region_name(name) for name in one.regions],
        "first": one.places.first,
        "lesions": one.places.lesions,
        "listed": one.listed,
    }


def _parts(one: ViewerVolumes) -> dict[str, bytes]:
    parts = {"image": one.image, "reference": one.reference, "prediction": one.prediction}
    return {name: packed for name, packed in parts.items() if packed is not None}
