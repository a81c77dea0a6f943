"""Folds of a raw dataset, and nnU-Net's copy of them in the preprocessed folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.dataset_files.description import RECORD, SPLITS
from nnunet_ext.core.dataset_files.fingerprint import digest_of
from nnunet_ext.core.leftovers import sweep
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.read_json import read_json

Folds = Sequence[Mapping[str, Sequence[str]]]
"""For each fold the cases under `train` and `val`."""

HISTORY: Final = "splits_sha256"
"""Key of the record: every version of the folds that was derived, the newest last."""

BEFORE: Final = "splits_before.json"
"""What stood in nnU-Net's folder and was replaced, though nobody knows that it was derived."""

_FOLDS: Final = "a list of folds with train and val was needed"
_REMOVE: Final = "mend it, or remove it"
_CURE: Final = "mend it, or remove it: nnU-Net copies that of the raw dataset"
_NOTE: Final = "splits_derived_from.json"


def read_folds(folder: Path) -> Folds:
    """Read a folder's `splits_final.json`; empty where there is none.

    Raises
    ------
    FileRefusedError
        Where it holds no folds.
    """
    file = folder / SPLITS
    if not file.is_file():
        return []
    content = read_json(file, _FOLDS, _CURE)
    with refuse_malformed(file, _FOLDS, _CURE):
        return [{part: [str(case) for case in fold[part]] for part in ("train", "val")} for fold in content]


def fold_digest(folds: Folds) -> str:
    """Hash folds, in whatever order their cases stand."""
    return digest_of([{part: sorted(fold[part]) for part in ("train", "val")} for fold in folds])


def edited_folds(raw: Path, preprocessed: Path) -> Folds | None:
    """Find folds that a person edited in nnU-Net's preprocessed folder.

    Parameters
    ----------
    raw, preprocessed
        The dataset's folders.

    Returns
    -------
    list of mapping or None
        None where there are none, or they are as some version of the dataset had them.
    """
    folds = read_folds(preprocessed)
    derived = {*_history(raw), fold_digest(read_folds(raw)), _noted(preprocessed)}
    return folds if folds and fold_digest(folds) not in derived else None


def folds_of_another(raw: Path, preprocessed: Path) -> bool:
    """Tell whether nnU-Net's copy belongs to a dataset that had this number before `raw` was written.

    It does where it is of none of this one's versions, unless it is known that a person edited it, and all of the cases
    that it names are there.
    """
    folds = edited_folds(raw, preprocessed)
    return folds is not None and not (_noted(preprocessed) and _cases(folds) <= _cases(read_folds(raw)))


def renew_folds(raw: Path, preprocessed: Path, *, even_edited: bool = False) -> bool:
    """Bring nnU-Net's copy up to date, which stops with an assertion of no words where it finds another.

    Parameters
    ----------
    raw, preprocessed
        The dataset's folders; the second has a copy, or nothing is done.
    even_edited
        Whether folds that a person edited there, or that are of another dataset, go. They are kept under another name.

    Returns
    -------
    bool
        Whether it was renewed. Else what a person edited is left as it is.
    """
    sweep(preprocessed, below=False)
    folds, copied = read_folds(raw), read_folds(preprocessed)
    edited = edited_folds(raw, preprocessed) is not None
    if not folds or not copied or (edited and not even_edited):
        return False
    stale = fold_digest(copied) != fold_digest(folds)
    if edited:
        write_json(preprocessed / BEFORE, list(copied))
    if stale:
        write_json(preprocessed / SPLITS, list(folds))
    if _noted(preprocessed) != fold_digest(folds):
        write_json(preprocessed / _NOTE, {HISTORY: fold_digest(folds)})
    return stale


def _cases(folds: Folds) -> set[str]:
    return {case for fold in folds for part in ("train", "val") for case in fold[part]}


def _noted(preprocessed: Path) -> str:
    """Read which folds were put there last; empty where nobody noted it."""
    note = preprocessed / _NOTE
    content = read_json(note, cure=_REMOVE) if note.is_file() else {}
    return str(content.get(HISTORY, "")) if isinstance(content, dict) else ""


def _history(raw: Path) -> list[str]:
    record = raw / RECORD
    content = read_json(record, cure=_REMOVE) if record.is_file() else {}
    history = content.get(HISTORY, ()) if isinstance(content, dict) else ()
    return [str(digest) for digest in history] if isinstance(history, list) else []
