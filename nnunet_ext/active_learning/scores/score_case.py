"""All scores of one image, as a row of `scores.tsv`."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nnunet_ext.active_learning.scores.alarms import alarms
from nnunet_ext.active_learning.scores.bald import bald
from nnunet_ext.active_learning.scores.class_entropy import class_entropy
from nnunet_ext.active_learning.scores.cord_zone import CordZone, cord_zone
from nnunet_ext.active_learning.scores.disagreement import disagreement
from nnunet_ext.active_learning.scores.domain_distance import Domain, domain_distance
from nnunet_ext.active_learning.scores.fingerprint import fingerprint
from nnunet_ext.active_learning.scores.foreground import foreground
from nnunet_ext.active_learning.scores.lesion_size import lesion_region, lesion_size
from nnunet_ext.active_learning.scores.region_entropy import region_entropy
from nnunet_ext.cascade.prediction.opinions import Opinions
from nnunet_ext.cascade.prediction.predict_case import CaseOptions, predict_case
from nnunet_ext.cascade.prediction.segmentation import CaseSegmenter
from nnunet_ext.core.cell_lists import join_list
from nnunet_ext.core.labels import CORD
from nnunet_ext.core.tables import NOTHING
from nnunet_ext.core.volume import Volume

ABOUT: Final = ("case", "dataset", "subject", "session", "site", "contrast", "image", "image_sha256")
"""Columns that say of which image a row is; they come from the pool."""

MEASURES: Final[Mapping[str, Callable[[Opinions, CordZone], float]]] = {
    "entropy": region_entropy,
    "bald": bald,
    "disagreement": disagreement,
    "claspe": class_entropy,
}
"""What is measured of the cord and of the lesion: `entropy_cord`, `entropy_lesion` and so on."""

COLUMNS: Final = (
    *ABOUT,
    "cord_mm3",
    "lesion_mm3",
    "lesion_count",
    *(f"{measure}_{part}" for measure in MEASURES for part in ("cord", "lesion")),
    "foreground",
    "domain_distance",
    "alarms",
    "passes",
    "model_sha256",
)
"""Of `scores.tsv`."""


@dataclass(frozen=True, eq=False)
class Scorer:
    """The models that score a pool.

    Parameters
    ----------
    segmenter
        Gives opinions (`SegmenterOptions.opinions`).
    localizer
        Finds the cord; None for the whole image.
    options
        What else decides a prediction.
    model_sha256
        Of the models: by it a later run knows which rows are still good; see `models_sha256`.
    domain
        Of the training images; None where there are none, and distances are missing.
    """

    segmenter: CaseSegmenter
    localizer: CaseSegmenter | None
    options: CaseOptions
    model_sha256: str
    domain: Domain | None = None


def score_case(about: Mapping[str, str], images: Sequence[Volume], scorer: Scorer) -> dict[str, str]:
    """Predict one image and score it; nothing is written, and nothing but the row outlives the call.

    Parameters
    ----------
    about
        At least the columns `ABOUT`.
    images
        One for each channel, all on one grid.

    Returns
    -------
    dict
        The columns `COLUMNS`. `n/a` stands for the scores of a cord that was not found, of a region that the model does
        not have, of the disagreement of a single pass, and for the domain distance without training images.

    Raises
    ------
    DataRefusedError, EnvironmentProblemError
        See `Segmenter.segment`.
    """
    predicted = predict_case(images, scorer.segmenter, scorer.localizer, scorer.options)
    grid = images[0]
    lesion = lesion_region(scorer.options.regions)
    cord = predicted.cord
    zone = None if cord is None else cord_zone(cord, grid.spacing)
    size = None if lesion is None else lesion_size(predicted.masks[lesion], grid.voxel_volume_mm3)
    found = () if cord is None else alarms(Volume(cord, grid.affine), predicted.masks.get(lesion or ""))
    distance = None if scorer.domain is None else domain_distance(fingerprint(images, cord), scorer.domain)
    return {
        **{column: about[column] for column in ABOUT},
        "cord_mm3": _cell(None if cord is None else float(cord.sum()) * grid.voxel_volume_mm3),
        "lesion_mm3": _cell(None if size is None else size.volume_mm3),
        "lesion_count": _cell(None if size is None else size.count),
        **_measured(predicted.opinions, zone, lesion),
        "foreground": _cell(foreground(predicted.masks, [image.data for image in images])),
        "domain_distance": _cell(distance),
        "alarms": join_list(found) or NOTHING,
        "passes": join_list(dict.fromkeys(map(str, predicted.opinions.values()))) or NOTHING,
        "model_sha256": scorer.model_sha256,
    }


def _measured(opinions: Mapping[str, Opinions], zone: CordZone | None, lesion: str | None) -> dict[str, str]:
    cells = {}
    for measure, measured in MEASURES.items():
        for part, region in (("cord", CORD), ("lesion", lesion)):
            known = opinions.get(region or "")
            cells[f"{measure}_{part}"] = _cell(None if known is None or zone is None else measured(known, zone))
    return cells


def _cell(value: float | None) -> str:
    """Write a number with six digits: more than any two machines agree in."""
    return NOTHING if value is None or math.isnan(value) else f"{value:.6g}"
