"""Which names a shared model's zip may hold, and which of them are installed."""

import re
import shlex
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.model_name import is_dataset_name
from nnunet_ext.core.zip_entries import way_out
from nnunet_ext.models.harmless import is_harmless

MANIFEST: Final = "manifest.json"
MODEL_CARD: Final = "MODEL_CARD.md"
CROP_METADATA: Final = "crop_metadata.json"
PLANS: Final = "plans.json"
DATASET_JSON: Final = "dataset.json"
POSTPROCESSING: Final = "postprocessing.pkl"
CROSS_VALIDATION: Final = "crossval_results_folds_"
"""Before the folds' names, joined by `_`: the folder in which nnU-Net says what post-processing helps their mean."""

_COMPONENT: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_. -]*", re.ASCII)
_KEPT: Final = re.compile(
    rf"{PLANS}|{DATASET_JSON}|{CROP_METADATA}|{MANIFEST}|{MODEL_CARD}|dataset_fingerprint\.json"
    r"|fold_(\d{1,2}|all)/(checkpoint_(final|best|latest)\.pth|progress\.png|validation/summary\.json)"
    rf"|({CROSS_VALIDATION}[0-9a-z_]{{1,60}}/)?{re.escape(POSTPROCESSING)}"
)
# nnU-Net and people bring these. None is needed to predict: they hold pickles, host names or patients.
_LEFT_OUT: Final = re.compile(
    r"fold_(\d{1,2}|all)/(debug\.json|network_architecture\.pdf|validation[^/]*/.+|checkpoint_\w+\.pth)"
    rf"|{CROSS_VALIDATION}[^/]+/.+"
)
_LEFT_OUT_BESIDE: Final = re.compile(
    rf"ensembles/.+|inference_information\.(json|txt)|{re.escape(CROP_METADATA)}|{re.escape(DATASET_JSON)}"
)

FINAL: Final = "checkpoint_final.pth"
_FOLD: Final = re.compile(r"fold_(\d+|all)")


class Fate(Enum):
    """What becomes of an entry."""

    INSTALL = "install"
    LEAVE_OUT = "leave out"
    """Part of a model, and not needed to predict."""

    EXTRA = "extra"
    """No part of a model, and harmless: what a computer or a person lays beside one."""


def fate_of(entry: str, models: Mapping[str, str]) -> Fate:
    """Decide about one entry of a zip by its name alone, as it stands there, before any system's rules for paths.

    Parameters
    ----------
    entry
        Its name in the zip.
    models
        The zip's folders of models, see `model_folders`.

    Raises
    ------
    UnsafeModelError
        Where the name leads out of the folder, means different things on different systems, or is none that a model
        has. Whatever is not known to be harmless is refused, Python files among it.
    """
    if problem := way_out(entry):
        raise UnsafeModelError(f"{entry!r}: {problem}; nothing was written")
    if entry.endswith("/"):
        return Fate.LEAVE_OUT
    inner = below_model(entry, models)
    if inner is not None and _KEPT.fullmatch(inner[1]):
        return Fate.INSTALL
    if (inner is not None and _LEFT_OUT.fullmatch(inner[1])) or _stands_beside(entry):
        return Fate.LEAVE_OUT
    if is_harmless(entry):
        return Fate.EXTRA
    if not all(_COMPONENT.fullmatch(part) and not part.endswith((".", " ")) for part in entry.split("/")):
        raise UnsafeModelError(f"{entry!r}: a name of letters, digits and - _ . was needed; {_take_out(entry)}")
    raise UnsafeModelError(
        f"{entry!r}: no file of a model. DatasetXXX_NAME/nnUNetTrainer...__PLANS__CONFIGURATION with {PLANS}, "
        f"{DATASET_JSON} and fold_N/checkpoint_final.pth was needed; code is never taken from a model; "
        f"{_take_out(entry)}"
    )


def below_model(entry: str, models: Mapping[str, str]) -> tuple[str, str] | None:
    """Split an entry's name into its model's place below `nnUNet_results` and its own there; None outside of models."""
    for folder, place in models.items():
        prefix = f"{folder}/" if folder else ""
        if entry.startswith(prefix):
            return place, entry.removeprefix(prefix)
    return None


def folds_of(model: Path) -> list[str]:
    """Name the folds that a model's folder holds, sorted: `0`, `1`, and `all`."""
    return sorted(match[1] for at in model.glob("fold_*") if (match := _FOLD.fullmatch(at.name)))


def _stands_beside(entry: str) -> bool:
    """Tell whether this is one of the files that nnU-Net, and SCT's models, have beside those of the models."""
    parts = entry.split("/")
    return any(
        is_dataset_name(part) and _LEFT_OUT_BESIDE.fullmatch("/".join(parts[index + 1 :]))
        for index, part in enumerate(parts)
    )


def _take_out(entry: str) -> str:
    return f"if you know that you can do without it, take it out: zip -d FILE.zip {shlex.quote(ascii(entry)[1:-1])}"
