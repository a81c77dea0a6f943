"""The volumes of a case for the viewer: cut out around the cord, small, and nothing else of their files."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.volume import Array
from nnunet_ext.report.planes import Role, box_around
from nnunet_ext.report.review.lesion_list import list_lesions
from nnunet_ext.report.review.read_volumes import CaseVolumes, read_volumes
from nnunet_ext.report.review.shown_case import ShownCase
from nnunet_ext.report.sources.record import CaseRecord
from nnunet_ext.report.viewer.cut_out import cut_affine, grey, packed_nifti
from nnunet_ext.report.viewer.places import Places, find_places

MARGIN_MM: Final = 20.0
"""Around what is drawn, on each side of a cut-out."""

_MOST: Final = 255
_NOWHERE: Final = Places(None, ())


@dataclass(frozen=True)
class ViewerVolumes:
    """Gzipped NIfTI files; None where there is none.

    Parameters
    ----------
    name
        Of the case.
    image
        Grey values 0 to 255.
    reference, prediction
        Label maps: 1 the outermost region, then those inside it; in the prediction, behind the last region, a value
        for each lesion by its number.
    regions
        Names of the regions, in the order of their values.
    places
        Where to look.
    listed
        Table that the lesions' numbers are from; empty where they have none.
    """

    name: str
    image: bytes | None
    reference: bytes | None
    prediction: bytes | None
    regions: tuple[str, ...] = ()
    places: Places = _NOWHERE
    listed: str = ""


def viewer_volumes(record: CaseRecord) -> ViewerVolumes:
    """Cut a case out around all its masks, 20 mm wider on each side; without a mask the image is whole.

    Headers are made from nothing: no text of the source files travels along. A case without readable files has no
    volume.
    """
    volumes = read_volumes(record)
    if volumes is None or volumes.image.data.size == 0:
        return ViewerVolumes(record.name, None, None, None)
    names = tuple(sorted(volumes.regions, key=lambda name: name != "sc"))
    listed = list_lesions(record, volumes)
    case = ShownCase.of(volumes.image, {name: volumes.regions[name] for name in names}, listed.numbers)
    maps: dict[Role, Array | None] = {
        "reference": _labels(volumes, "reference"),
        "prediction": _labels(volumes, "prediction"),
    }
    if maps["prediction"] is not None and listed.numbers is not None:
        there = (listed.numbers > 0) & (listed.numbers <= _MOST - len(names))
        maps["prediction"][there] = listed.numbers[there] + len(names)
    drawn = [labels > 0 for labels in maps.values() if labels is not None]
    joined = np.logical_or.reduce(drawn) if drawn else np.zeros(volumes.image.data.shape, dtype=np.bool_)
    box = box_around(joined, volumes.image.spacing, MARGIN_MM)
    affine = cut_affine(volumes.image.affine, box)
    shown = (
        grey(volumes.image.data[box]) if volumes.has_image else np.zeros_like(volumes.image.data[box], dtype=np.uint8)
    )
    reference, prediction = (
        None if labels is None else packed_nifti(labels[box], affine, labels=True) for labels in maps.values()
    )
    source = "" if listed.numbers is None else listed.source
    return ViewerVolumes(
        record.name, packed_nifti(shown, affine), reference, prediction, names, find_places(case), source
    )


def _labels(volumes: CaseVolumes, role: Role) -> npt.NDArray[np.uint8] | None:
    names = sorted(volumes.regions, key=lambda name: name != "sc")
    labels = np.zeros(volumes.image.data.shape, dtype=np.uint8)
    found = False
    for value, name in enumerate(names, start=1):
        if (mask := volumes.regions[name].get(role)) is not None:
            labels[mask] = value
            found = True
    return labels if found else None
