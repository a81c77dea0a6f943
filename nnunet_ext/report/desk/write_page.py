"""Writing the page in which a report's cases are corrected without a server."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.labels import CORD
from nnunet_ext.core.workers import Progress, run_all
from nnunet_ext.correction.runs import runs_of
from nnunet_ext.report.desk.page_files import SCRIPTS, Offline, desk_page, page_file
from nnunet_ext.report.planes import box_around
from nnunet_ext.report.region_names import region_name
from nnunet_ext.report.rendering import inline_script, shareable
from nnunet_ext.report.review.group_content import GroupContent
from nnunet_ext.report.review.read_volumes import read_volumes
from nnunet_ext.report.review.write_report import CORRECT_PAGE, VIEWER_PAGE
from nnunet_ext.report.sources.gather import Gathered
from nnunet_ext.report.sources.record import CaseRecord
from nnunet_ext.report.viewer.cut_out import cut_affine, grey, packed_nifti
from nnunet_ext.report.viewer.volumes import MARGIN_MM

_OFFLINE: Final = "offline.js"


@dataclass(frozen=True)
class _Cut:
    about: dict[str, Any]
    image: bytes


def write_desk_page(
    gathered: Gathered, content: GroupContent, out: Path, *, n_procs: int = 1, progress: Progress | None = None
) -> Path:
    """Write `correct.html`: each case with an image, cut out around what the model drew, to be corrected in a browser.

    It saves a mask by download, on the whole grid of the image's file, under a name that says which image it was drawn
    on: `<case>_label-<region>_seg__<first 12 characters of the image's SHA-256>.nii.gz`.

    Parameters
    ----------
    gathered, content, out, n_procs, progress
        As the report was written from, and with: the cases stand in its order.
    """
    records = {record.name: record for record in gathered.cases}
    cut = run_all(_cut, [records[case.name] for case in content.cases], (), n_procs, progress)
    cases = [one for one in cut if one is not None]
    names = list(dict.fromkeys(name for one in cases for name in one.about["regions"]))
    data = {
        "title": shareable(content.title),
        "regions": [
            {"name": name, "label": region_name(name), "inside": CORD if name != CORD and CORD in names else None}
            for name in sorted(names, key=_cord_first)
        ],
        "cases": [one.about for one in cases],
    }
    scripts = "".join(page_file(name) for name in (*SCRIPTS[:-1], _OFFLINE, SCRIPTS[-1]))
    page = desk_page(
        Offline(
            inline_script(scripts),
            Markup(page_file("desk.css")),  # noqa: S704 - ours
            Markup(json.dumps(data).replace("<", "\\u003c")),  # noqa: S704 - JSON that cannot end the element
            tuple(base64.b64encode(one.image).decode("ascii") for one in cases),
            VIEWER_PAGE,
        )
    )
    write_text(out / CORRECT_PAGE, page)
    return out / CORRECT_PAGE


def _cut(record: CaseRecord) -> _Cut | None:
    """Cut a case out; None without an image, whose grid nothing could be drawn on."""
    volumes = read_volumes(record)
    if volumes is None or not volumes.has_image:
        return None
    image, names = volumes.image, sorted(volumes.regions, key=_cord_first)
    empty = np.zeros(image.data.shape, dtype=np.bool_)
    masks = {name: volumes.regions[name].get("prediction", empty) for name in names}
    box = box_around(np.logical_or.reduce([empty, *masks.values()]), image.spacing, MARGIN_MM)
    affine = cut_affine(image.affine, box)
    about = {
        "name": shareable(record.name),
        "sha256": image.sha256,
        "regions": names,
        "runs": {name: runs_of(mask[box]).ravel().tolist() for name, mask in masks.items()},
        "cut": {"shape": list(image.data[box].shape), "affine": affine.tolist()},
        "full": {
            "shape": list(image.data.shape),
            "affine": image.affine.tolist(),
            "offset": [part.start for part in box],
        },
    }
    return _Cut(about, packed_nifti(grey(image.data[box]), affine))


def _cord_first(name: str) -> bool:
    return name != CORD
