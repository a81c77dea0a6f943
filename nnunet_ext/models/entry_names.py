"""Which names a shared model's zip may hold, and which of them are installed."""

import re
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Final

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.model_name import ModelName, is_dataset_name

MANIFEST: Final = "manifest.json"
MODEL_CARD: Final = "MODEL_CARD.md"
CROP_METADATA: Final = "crop_metadata.json"
PLANS: Final = "plans.json"
DATASET_JSON: Final = "dataset.json"

_COMPONENT: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_. -]*", re.ASCII)
_KEPT: Final = re.compile(
    rf"{PLANS}|{DATASET_JSON}|{CROP_METADATA}|{MANIFEST}|{MODEL_CARD}|dataset_fingerprint\.json"
    r"|fold_(\d{1,2}|all)/(checkpoint_(final|best|latest)\.pth|progress\.png|validation/summary\.json)"
)
# nnU-Net's own export brings these. None is needed to predict: they hold pickles, host names or patients.
_LEFT_OUT: Final = re.compile(
    r"fold_(\d{1,2}|all)/(debug\.json|network_architecture\.pdf|validation/[^/]+)|crossval_results_folds_[^/]+/[^/]+"
)
_LEFT_OUT_BESIDE: Final = re.compile(rf"ensembles/.+|inference_information\.(json|txt)|{re.escape(CROP_METADATA)}")

FINAL: Final = "checkpoint_final.pth"
_FOLD: Final = re.compile(r"fold_(\d+|all)")


class Fate(Enum):
    """What becomes of an entry."""

    INSTALL = "install"
    LEAVE_OUT = "leave out"


def fate_of(entry: str) -> Fate:
    """Decide about one entry of a zip by its name alone, as it stands there, before any system's rules for paths.

    Raises
    ------
    UnsafeModelError
        Where the name leads out of the folder, means different things on different systems, or is none that a model
        has. Whatever is not known to be harmless is refused, Python files among it.
    """
    if problem := _path_problem(entry):
        raise UnsafeModelError(f"{entry!r}: {problem}; nothing was written")
    if entry.endswith("/"):
        return Fate.LEAVE_OUT
    parts = PurePosixPath(entry).parts
    name = ModelName.parse(parts[:2])
    if name is not None and _KEPT.fullmatch("/".join(parts[2:])):
        return Fate.INSTALL
    if name is not None and _LEFT_OUT.fullmatch("/".join(parts[2:])):
        return Fate.LEAVE_OUT
    if is_dataset_name(parts[0]) and _LEFT_OUT_BESIDE.fullmatch("/".join(parts[1:])):
        return Fate.LEAVE_OUT
    raise UnsafeModelError(
        f"{entry!r}: no file of a model. DatasetXXX_NAME/nnUNetTrainer...__PLANS__CONFIGURATION with {PLANS}, "
        f"{DATASET_JSON} and fold_N/checkpoint_final.pth was needed; code is never taken from a model"
    )


def folds_of(model: Path) -> list[str]:
    """Name the folds that a model's folder holds, sorted: `0`, `1`, and `all`."""
    return sorted(match[1] for at in model.glob("fold_*") if (match := _FOLD.fullmatch(at.name)))


def _path_problem(entry: str) -> str:
    if "\\" in entry:
        return "a backslash in a name leads elsewhere on Windows"
    if entry.startswith("/") or re.match(r"[A-Za-z]:", entry):
        return "an absolute path leads out of the folder"
    parts = entry.removesuffix("/").split("/")
    if ".." in parts:
        return "'..' leads out of the folder"
    if not all(_COMPONENT.fullmatch(part) and not part.endswith((".", " ")) for part in parts):
        return "a name of letters, digits and - _ . was needed"
    return ""
