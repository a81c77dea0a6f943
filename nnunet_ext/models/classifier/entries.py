"""Which names a classifier's zip may hold, and where a classifier is installed."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from nnunet_ext.core.errors import FileRefusedError, UnsafeModelError, UsageError
from nnunet_ext.core.zip_entries import OddZipError, opened_zip, way_out
from nnunet_ext.models.entry_names import MANIFEST, MODEL_CARD, PLANS, Fate
from nnunet_ext.models.harmless import is_harmless
from nnunet_ext.models.unpack import CURE, Decide

CLASSIFIER: Final = "classifier.json"
BOTH: Final = "both.json"
CALIBRATION: Final = "calibration.json"
LOGISTIC: Final = "logistic.json"
NETWORK: Final = "network.json"
TENSORS: Final = "network.safetensors"
INSTALLED: Final = "classifiers"
"""Folder below `nnUNet_results`, a name that nnU-Net does not look at."""

TRAINING: Final = "training"
"""What a classifier was trained on, with the names of patients: beside the model, and never shared."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}(?<!\.)", re.ASCII)
_FOLD: Final = re.compile(
    rf"fold_(?P<fold>\d{{1,2}})/({re.escape(LOGISTIC)}|{re.escape(NETWORK)}|{re.escape(TENSORS)}"
    r"|boosting-(?P<node>\w[\w .-]{0,99})\.skops)"
)


def is_part(name: str) -> bool:
    """Tell whether a classifier has files of this name, seen from its folder."""
    return name in {CLASSIFIER, BOTH, CALIBRATION} or fold_of(name) is not None


def fold_of(name: str) -> int | None:
    """Give the fold that a file is of; None of others."""
    found = _FOLD.fullmatch(name) if unicodedata.is_normalized("NFC", name) else None
    return int(found["fold"]) if found else None


def node_of(name: str) -> str | None:
    """Give the node whose gradient boosting a file holds; None of others."""
    found = _FOLD.fullmatch(name)
    return found["node"] if found else None


def is_classifier_name(name: str) -> bool:
    """Tell whether a classifier's folder may be called so, on every system."""
    return bool(_NAME.fullmatch(name))


def holds_classifier(archive: Path) -> bool:
    """Tell by its content whether a zip holds a classifier and no segmentation model.

    One that cannot be read holds none: who installs it says so, once what a killed import left is tidied up.
    """
    try:
        with opened_zip(archive, CURE) as opened:
            names = [name for name in opened.namelist() if not _is_litter(name.rpartition("/")[0])]
    except (FileRefusedError, OddZipError):
        return False
    files = {name.rpartition("/")[2] for name in names}
    return CLASSIFIER in files and PLANS not in files


def classifier_rules(entries: Sequence[str], name: str) -> Decide:
    """Give the rules by which a zip is sorted.

    Parameters
    ----------
    entries
        Names of all that the zip holds.
    name
        That the classifier's folder is to have; empty for the one that it has in the zip.

    Raises
    ------
    UnsafeModelError
        Where there is not one classifier, or its folder has no name.
    UsageError
        Where `name` is no name of a folder.
    """
    if name and not is_classifier_name(name):
        raise UsageError(f"--as needs a name of letters, digits and - _ . such as lesion-kinds; found {name!r:.120}")
    tops = [entry.removesuffix(CLASSIFIER) for entry in entries if PurePosixPath(entry).name == CLASSIFIER]
    tops = [top for top in tops if not way_out(top) and not _is_litter(top.rstrip("/"))]
    if len(tops) != 1:
        raise UnsafeModelError(f"one {CLASSIFIER} was needed, found {len(tops)}")
    top, own = tops[0], tops[0].rstrip("/").rpartition("/")[2]
    folder = name or own
    if not is_classifier_name(folder):
        raise UnsafeModelError(
            f"{top or CLASSIFIER!r}: stands in no folder that names the classifier, in letters, digits and - _ . ; "
            f"give it a name with --as NAME"
        )
    return lambda entry: _decide(entry, top, f"{INSTALLED}/{folder}")


def _is_litter(folder: str) -> bool:
    """Tell whether a folder is one of those that computers leave, in which even code would be no part of anything."""
    return is_harmless(f"{folder}/x.py")


def _decide(entry: str, top: str, place: str) -> tuple[Fate, str]:
    if problem := way_out(entry):
        raise UnsafeModelError(f"{entry!r}: {problem}; nothing was written")
    if entry.endswith("/"):
        return Fate.LEAVE_OUT, entry
    inner = entry.removeprefix(top) if entry.startswith(top) else ""
    if inner in {MANIFEST, MODEL_CARD} or is_part(inner):
        return Fate.INSTALL, f"{place}/{inner}"
    if inner.startswith(f"{TRAINING}/"):
        raise UnsafeModelError(f"{entry!r}: names patients, and no export holds it; tell who sent it")
    if is_harmless(entry):
        return Fate.EXTRA, entry
    raise UnsafeModelError(
        f"{entry!r:.300}: no file of a classifier. {CLASSIFIER}, {BOTH}, {CALIBRATION} and fold_N/ with {LOGISTIC}, "
        f"{NETWORK}, {TENSORS} and boosting-NODE.skops were needed; code is never taken from a model"
    )
