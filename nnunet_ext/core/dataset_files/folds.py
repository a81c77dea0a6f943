"""Folds of a raw dataset, and nnU-Net's copy of them in the preprocessed folder."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.dataset_files.description import RECORD, SPLITS
from nnunet_ext.core.dataset_files.fingerprint import digest_of
from nnunet_ext.core.errors import DataRefusedError

Folds = Sequence[Mapping[str, Sequence[str]]]
"""For each fold the cases under `train` and `val`."""

HISTORY: Final = "splits_sha256"
"""Key of the record: every version of the folds that was derived, the newest last."""

BEFORE: Final = "splits_before.json"
"""What stood in nnU-Net's folder and was replaced, though nobody knows that it was derived."""

_NOTE: Final = "splits_derived_from.json"


def read_folds(folder: Path) -> Folds:
    """Read a folder's `splits_final.json`; empty where there is none.

    Raises
    ------
    DataRefusedError
        Where it holds no folds.
    """
    file = folder / SPLITS
    if not file.is_file():
        return []
    content = _read(file)
    try:
        return [{part: [str(case) for case in fold[part]] for part in ("train", "val")} for fold in content]
    except (KeyError, TypeError, AttributeError) as error:
        raise DataRefusedError(
            f"{file}: a list of folds with train and val was needed, found {type(error).__name__}: {error}; mend it, "
            f"or remove it: nnU-Net copies that of the raw dataset"
        ) from error


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
    content = _read(note) if note.is_file() else {}
    return str(content.get(HISTORY, "")) if isinstance(content, dict) else ""


def _history(raw: Path) -> list[str]:
    record = raw / RECORD
    content: Any = _read(record) if record.is_file() else {}
    return list(content.get(HISTORY, ())) if isinstance(content, dict) else []


def _read(file: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataRefusedError(f"{file}: JSON was needed, found {error}; mend it, or remove it") from error
