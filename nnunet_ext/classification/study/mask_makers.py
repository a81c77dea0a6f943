"""Which model made a lesion mask, and whether it had been trained on the patient: what sidecars and folders tell."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.classification.cases.patient import Patient
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.names import strip_ending
from nnunet_ext.core.read_json import read_json

_FOLD: Final = re.compile(r"fold_(\w+)")
_VALIDATION: Final = "validation"


@dataclass(frozen=True)
class MaskMaker:
    """What is known of how a mask came about.

    Parameters
    ----------
    model
        Name of the model in the sidecar that `predict` writes; empty where there is none.
    folds
        Its folds, from the sidecar, or the one fold whose `validation` folder of nnU-Net the mask lies in; empty where
        nothing tells.
    """

    model: str = ""
    folds: frozenset[str] = frozenset()


def mask_maker(mask: Path) -> MaskMaker:
    """Read what stands beside a mask; a mask that people drew tells nothing."""
    sidecar = mask.with_name(f"{strip_ending(mask.name)}.json")
    told = read_json(sidecar) if sidecar.is_file() else {}
    model = told.get("Model") if isinstance(told, dict) else None
    if isinstance(model, dict):
        folds = model.get("CheckpointsSHA256")
        return MaskMaker(str(model.get("Name", "")), frozenset(folds if isinstance(folds, dict) else ()))
    if mask.parent.name == _VALIDATION and (found := _FOLD.fullmatch(mask.parent.parent.name)):
        return MaskMaker(mask.parent.parent.parent.name, frozenset({found[1]}))
    return MaskMaker()


def refuse_seen(patients: Iterable[Patient], fold_of: Mapping[str, int], predicted: bool) -> None:
    """Refuse predicted lesion masks of patients whom the segmentation had been trained on.

    Such masks are better than those of new patients will be, and so a classifier would be judged on masks that it will
    never meet.

    Parameters
    ----------
    patients
        With their masks.
    fold_of
        The fold of the segmentation that validated each person whom it knows.
    predicted
        Whether the masks are a model's; people's own have no fold.

    Raises
    ------
    DataRefusedError
        With their names, and with what would make the masks.
    """
    if not predicted:
        return
    seen = [
        f"{patient.person} (needs fold {fold_of[patient.person]} alone, found {_in_words(maker)})"
        for patient in patients
        if patient.person in fold_of
        for case in patient.usable
        if case.lesion is not None and (maker := mask_maker(case.lesion.path)).folds != {str(fold_of[patient.person])}
    ]
    if seen:
        raise DataRefusedError(
            f"lesion masks out of fold were needed of patients who trained the segmentation, found others of "
            f"{len(seen)}: {first_few(seen)}; give nnU-Net's own, --lesions .../fold_0/validation .../fold_1/validation"
            f", and so on, or predict each fold's patients with -f of that fold"
        )


def _in_words(maker: MaskMaker) -> str:
    return f"folds {' '.join(sorted(maker.folds))} of {maker.model}" if maker.folds else "nothing that tells"
