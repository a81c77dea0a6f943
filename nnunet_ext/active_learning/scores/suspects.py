"""Labels that deserve a second look: a model that never saw the case is sure, and its label says otherwise."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from nnunet_ext.active_learning.scores.cord_zone import cord_zone
from nnunet_ext.active_learning.scores.fill_table import Told, fill_table
from nnunet_ext.active_learning.scores.lesion_size import lesion_region
from nnunet_ext.active_learning.scores.score_case import ABOUT, Scorer
from nnunet_ext.active_learning.scores.score_pool import PoolImage, read_as_planned
from nnunet_ext.active_learning.scores.sure_disagreement import SureDisagreement, sure_disagreement
from nnunet_ext.cascade.prediction.predict_case import predict_case
from nnunet_ext.core.cell_lists import join_list
from nnunet_ext.core.dataset_files.folds import Folds
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.labels import CORD, Labelling, region_mask, union
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.rounding import at_least
from nnunet_ext.core.tables import NOTHING, Row

PARTS: Final = ("cord", "lesion")
COLUMNS: Final = (
    *ABOUT,
    "label_sha256",
    "fold",
    *(f"{kind}_{part}_mm3" for part in PARTS for kind in ("missing", "extra")),
    "reason",
    "passes",
    "model_sha256",
)
"""Of `suspects.tsv`. A case is offered for a second look where `reason` says why."""

WORTH_A_LOOK_MM3: Final = 10.0
"""A lesion of 2.7 mm: less is not worth opening an image for."""


@dataclass(frozen=True)
class LabelledImage:
    """A labelled case.

    Parameters
    ----------
    image
        As of the pool.
    label
        Its label map, on the image's grid.
    fold
        The one that did not train on it; see `unseen_by`.
    """

    image: PoolImage
    label: Path
    fold: str


@dataclass(frozen=True)
class FoldModel:
    """The models of one fold.

    Parameters
    ----------
    model_sha256
        See `models_sha256`.
    build
        Builds the networks.
    """

    model_sha256: str
    build: Callable[[], Scorer]


def unseen_by(folds: Folds, trained: Sequence[str]) -> dict[str, str]:
    """Say for each labelled case which of the trained folds never saw it: that which validated on it.

    Parameters
    ----------
    folds
        Of the dataset; see `read_folds`.
    trained
        Names of the model's folds. Fold `all` saw every case.

    Returns
    -------
    dict
        Without the cases that every trained fold saw: of them nothing can be said.
    """
    there = {name for name in trained if name.isdigit() and int(name) < len(folds)}
    return {case: name for name in sorted(there, key=int) for case in folds[int(name)]["val"]}


def suspects(
    cases: Sequence[LabelledImage],
    models: Mapping[str, FoldModel],
    labels: Labelling,
    table: Path,
    told: Told = lambda done, of: None,
) -> dict[str, str]:
    """Look through labelled cases, fold by fold; resumes as `score_pool` does.

    Parameters
    ----------
    cases
        Those that some fold did not see, in any order.
    models
        Of each fold. The networks of one are held at a time.
    labels
        What the values of the label maps mean.
    table
        Is written after each case, in the order of folds and cases.

    Returns
    -------
    dict
        The cases that could not be looked at, and why.
    """
    by_case = {one.image.about["case"]: one for one in cases}
    wanted = {
        case: {
            **{column: by_case[case].image.about[column] for column in ABOUT},
            "label_sha256": sha256(by_case[case].label),
            "fold": by_case[case].fold,
            "model_sha256": models[by_case[case].fold].model_sha256,
        }
        for case in sorted(by_case, key=lambda case: (by_case[case].fold, case))
    }
    held = lru_cache(maxsize=1)(lambda fold: models[fold].build())

    def make(case: str) -> Row:
        return {**wanted[case], **_compare(by_case[case], held(by_case[case].fold), labels)}

    return fill_table(table, COLUMNS, wanted, ("image_sha256", "label_sha256", "model_sha256"), make, told)


def _compare(one: LabelledImage, scorer: Scorer, labels: Labelling) -> dict[str, str]:
    images = read_as_planned(one.image).volumes
    drawn = read_mask(one.label).data
    grid = images[0]
    if drawn.shape != grid.data.shape:
        raise DataRefusedError(
            f"{one.label.name}: a label map of {grid.data.shape} voxels was needed, found {drawn.shape}"
        )
    predicted = predict_case(images, scorer.segmenter, scorer.localizer, scorer.options)
    known = np.ones(drawn.shape, np.bool_) if labels.ignore is None else drawn != labels.ignore
    masks = {name: region_mask(drawn, values) for name, values in labels.regions}
    cords = [mask for mask in (predicted.cord, masks.get(CORD)) if mask is not None]
    zone = cord_zone(union(cords), grid.spacing) if cords else None
    found = {}
    for part, region in (("cord", CORD), ("lesion", lesion_region(labels))):
        if zone is not None and region in masks and region in predicted.opinions:
            mean = predicted.opinions[region].mean
            found[part] = sure_disagreement(mean, masks[region], known, zone, grid.spacing)
    return {
        **{f"{kind}_{part}_mm3": _volume(found.get(part), kind) for part in PARTS for kind in ("missing", "extra")},
        "reason": join_list(_reasons(found)) or NOTHING,
        "passes": join_list(dict.fromkeys(map(str, predicted.opinions.values()))) or NOTHING,
    }


def _volume(found: SureDisagreement | None, kind: str) -> str:
    return NOTHING if found is None else f"{getattr(found, f'{kind}_mm3'):.6g}"


def _reasons(found: Mapping[str, SureDisagreement]) -> list[str]:
    said = []
    for part, one in found.items():
        if at_least(one.missing_mm3, WORTH_A_LOOK_MM3):
            said.append(f"the model is sure of {one.missing_mm3:.0f} mm3 of {part} that the label lacks")
        if at_least(one.extra_mm3, WORTH_A_LOOK_MM3):
            said.append(f"the label has {one.extra_mm3:.0f} mm3 of {part} where the model is sure that there is none")
    return said
