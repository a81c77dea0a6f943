"""`injected.tsv`: what was put where, a lesion a row; and what its columns mean."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from nnunet_ext.cli.inject.inject_one import Outcome
from nnunet_ext.core.cell_lists import join_list
from nnunet_ext.core.tables import NOTHING, Row, cell, table_text
from nnunet_ext.phantom.injection.list_lesions import InjectedLesion
from nnunet_ext.phantom.lesions import Pathology

COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "case": {"Description": "the image with lesions, as predictions and scores name it"},
    "status": {"Description": "injected, healthy (a copy without lesions), skipped (left out knowingly) or refused"},
    "kind": {"Description": "what was put into it: sci, ms or tumor"},
    "lesion": {"Description": "number of the lesion in its image, from the top; lesions that touch are one"},
    "tissues": {"Description": "what it is made of, most of it first"},
    "centre_x_mm": {"Description": "centre of mass in the scanner's space, to the right", "Units": "mm"},
    "centre_y_mm": {"Description": "the same, to the front", "Units": "mm"},
    "centre_z_mm": {"Description": "the same, to the top", "Units": "mm"},
    "volume_mm3": {"Description": "of its voxels in the mask, each half filled or more", "Units": "mm3"},
    "length_mm": {"Description": "along the cord", "Units": "mm"},
    "contrast": {"Description": "mean change of the image within it, in the image's units"},
    "contrast_share": {"Description": "the same as a share of the way from cord to fluid; negative: away from fluid"},
    "contrast_to_noise": {"Description": "the same, without sign, in standard deviations of the noise in the cord"},
    "cord": {"Description": "brightness of the cord before, in the image's units"},
    "fluid": {"Description": "brightness of the fluid around it"},
    "noise": {"Description": "standard deviation of what is in the cord and finer than its structure"},
    "spread_voxels": {"Description": "standard deviation of the point spread along each axis of the file, in voxels"},
    "cord_voxels": {"Description": "voxels of the cord mask"},
    "seed": {"Description": "--seed, the visit's and the image's number: what the lesions were drawn from"},
    "site": {"Description": "of the participant"},
    "source": {"Description": "the real image, below the dataset that was read"},
    "reason": {"Description": "why nothing was made of the image, or what reading it had to do"},
}
"""`injected.json`."""


def status_of(outcome: Outcome) -> str:
    """Say in a word what became of an image."""
    if outcome.task.reason:
        return "refused" if outcome.task.refused else "skipped"
    return "healthy" if outcome.task.kind is Pathology.HEALTHY else "injected"


def injected_table(outcomes: Sequence[Outcome]) -> str:
    """Write the table; an image without lesions has one row."""
    rows = [row for outcome in outcomes for row in _rows(outcome)]
    return table_text([{name: row.get(name, NOTHING) for name in COLUMNS} for row in rows], list(COLUMNS))


def _rows(outcome: Outcome) -> Iterator[Row]:
    task = outcome.task
    about = {
        "case": cell(task.stem),
        "status": status_of(outcome),
        "site": cell(task.site),
        "source": cell(task.source),
        "reason": cell(task.reason or join_list(outcome.notes)),
    }
    if task.reason:
        yield about
        return
    about |= {"kind": str(task.kind), "seed": " ".join(map(str, task.seed)), "cord_voxels": str(outcome.cord_voxels)}
    about |= {name: value if isinstance(value, str) else f"{value:.6g}" for name, value in outcome.measured}
    if not outcome.lesions:
        yield about
    for number, lesion in enumerate(outcome.lesions, start=1):
        yield about | {"lesion": str(number), **_of_lesion(lesion, dict(outcome.measured))}


def _of_lesion(lesion: InjectedLesion, measured: Mapping[str, float | str]) -> Row:
    x, y, z = (f"{place:.2f}" for place in lesion.centre_mm)
    cord, fluid, noise = (float(measured[name]) for name in ("cord", "fluid", "noise"))
    return {
        "tissues": ";".join(lesion.tissues),
        "centre_x_mm": x,
        "centre_y_mm": y,
        "centre_z_mm": z,
        "volume_mm3": f"{lesion.volume_mm3:.2f}",
        "length_mm": f"{lesion.length_mm:.2f}",
        "contrast": f"{lesion.contrast:.6g}",
        "contrast_share": f"{lesion.contrast / (fluid - cord):.3f}",
        "contrast_to_noise": f"{abs(lesion.contrast) / noise:.2f}" if noise else NOTHING,
    }
