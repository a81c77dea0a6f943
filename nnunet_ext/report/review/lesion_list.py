"""The lesions of a case, to be rated one by one, and where each of them is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.grid import ADOPTED_WITHIN, lies_on
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.tables import NOTHING, Row, finite_number
from nnunet_ext.core.volume import Array, Volume
from nnunet_ext.evaluation.lesions import find_lesions
from nnunet_ext.report.review.read_volumes import CaseVolumes
from nnunet_ext.report.sources.record import CaseRecord

SCORED: Final = "lesions.tsv"
MEASURED: Final = "biomarkers.tsv"

_REGION: Final = "lesion"
_ROUNDING: Final = 1e-3


@dataclass(frozen=True, eq=False)
class LesionList:
    """The lesions of a case.

    Parameters
    ----------
    source
        Table that their numbers are from; empty where there is no lesion.
    rows
        Number of each, and a few words.
    numbers
        On the grid of the case's image, 0 elsewhere; None where they could not be found in the masks.
    remark
        What a reader must know; empty where nothing.
    """

    source: str
    rows: tuple[tuple[int, str], ...]
    numbers: Array | None = None
    remark: str = ""


def list_lesions(record: CaseRecord, volumes: CaseVolumes | None) -> LesionList:
    """List the predicted lesions that were scored, else those that were measured, with the numbers of their table."""
    scored = [
        row for row in record.lesions
        if row.get("side", "prediction").startswith("pred") and row.get("region", _REGION) == _REGION
    ]  # fmt: skip
    measured = [row for row in record.biomarkers if row["lesion"].isdigit() and row["lesion"] != "0"]
    instances = None if volumes is None or not measured else _instances(record, volumes)
    if not scored:
        rows = tuple(
            (int(row["lesion"]), f"{_short(row, 'volume_mm3')} mm³, {_short(row, 'length_mm')} mm long")
            for row in measured
        )
        return LesionList(MEASURED if rows else "", rows, instances, _missing(MEASURED, rows, instances, volumes))
    numbers = None if volumes is None else _counted_again(scored, record, volumes)
    others = {row["lesion"]: row for row in measured}
    listed = []
    for row in scored:
        other = _same(int(row["lesion"]), numbers, instances)
        words = f"{_short(row, 'volume_mm3')} mm³{'' if row.get('matched') == '1' else ', no counterpart'}"
        if other and str(other) in others:
            words += f", {_short(others[str(other)], 'length_mm')} mm long"
            words += "" if str(other) == row["lesion"] else f" ({other} in {MEASURED})"
        listed.append((int(row["lesion"]), words))
    return LesionList(SCORED, tuple(listed), numbers, _missing(SCORED, listed, numbers, volumes))


def _short(row: Row, column: str) -> str:
    value = finite_number(row.get(column, NOTHING))
    return "–" if value is None else f"{value:.1f}"


def _missing(source: str, rows: Sequence[object], numbers: Array | None, volumes: CaseVolumes | None) -> str:
    if not rows or numbers is not None or volumes is None or not volumes.regions:
        return ""
    return f"the lesions of {source} could not be found again in the masks, so they have no numbers in the pictures"


def _counted_again(rows: Sequence[Row], record: CaseRecord, volumes: CaseVolumes) -> Array | None:
    """Find the lesions of the prediction as the evaluation did: on the reference's axes, by its preset."""
    mask = volumes.regions.get(_REGION, {}).get("prediction")
    if mask is None or record.counting is None or not volumes.reference_axes:
        return None
    affine = volumes.image.affine
    turned = reorient(Volume(mask, affine), volumes.reference_axes)
    found = find_lesions(turned.data.astype(np.bool_), turned.voxel_volume_mm3, record.counting)
    told = [finite_number(row.get("volume_mm3", NOTHING)) for row in rows]
    known = [value for value in told if value is not None]
    sizes = found.sizes * turned.voxel_volume_mm3
    if len(known) != found.count or not np.allclose(known, sizes, rtol=_ROUNDING):
        return None
    return reorient(Volume(found.numbers, turned.affine), volumes.image.axes).data


def _instances(record: CaseRecord, volumes: CaseVolumes) -> Array | None:
    """Read the image of the measured lesions' numbers."""
    if record.instances is None:
        return None
    try:
        volume = reorient(read_mask(record.instances), volumes.image.axes)
    except (DataRefusedError, OSError):
        return None
    return volume.data if lies_on(volume, volumes.image, ADOPTED_WITHIN) else None


def _same(number: int, numbers: Array | None, instances: Array | None) -> int:
    """Give the number that most of a lesion has in another image of numbers; 0 where it has none."""
    if numbers is None or instances is None:
        return 0
    there = instances[numbers == number]
    return int(np.bincount(there[there > 0].astype(np.int64), minlength=1).argmax()) if (there > 0).any() else 0
