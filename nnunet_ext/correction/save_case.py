"""Saving a case: what was settled is recorded first, then written, so that a kill leaves nothing half done."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from filelock import FileLock

from nnunet_ext.active_learning.ingest.record import append_to_sidecar
from nnunet_ext.active_learning.ingest.words import Action
from nnunet_ext.cascade.prediction.case_files import sidecar_of
from nnunet_ext.core.atomic import sweep, write_text
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.forms import Forms
from nnunet_ext.core.labels import Mask
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.nifti_header import bare_header
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.correction.desk import Desk, key_of
from nnunet_ext.correction.desk_case import DeskCase
from nnunet_ext.correction.draft import read_draft
from nnunet_ext.correction.drafts import DraftFile
from nnunet_ext.correction.effort_table import read_effort, write_effort
from nnunet_ext.correction.keep_copy import keep_copy
from nnunet_ext.correction.marks_table import decided, write_marks
from nnunet_ext.correction.open_case import OpenCase
from nnunet_ext.correction.runs import mask_of, read_runs
from nnunet_ext.correction.settle import Settled

_NEEDED: Final = "what a desk was saving was needed"
_LOCK_SECONDS: Final = 120.0
_CHANGING: Final = ("Date", "Minutes")


def save_case(desk: Desk, opened: OpenCase, settled: Settled) -> tuple[str, ...]:
    """Write what was settled, and name the masks that stand.

    Nothing is overwritten: what stood there and is something else is kept below `.desk/superseded`. The same call again
    changes no byte.

    Raises
    ------
    FileRefusedError
        Where a table that is to be added to cannot be read; nothing is then written.
    """
    record = _record(desk, opened.case)
    with _locked(desk):
        decided(desk)  # that both tables can be read is known before anything is written
        read_effort(desk)
        write_text(record, json.dumps(_content(settled), ensure_ascii=False))
        return _finish(desk, opened, settled, record)


def was_saving(desk: Desk, case: DeskCase) -> bool:
    """Tell whether a process is saving a case, or was killed at it."""
    return _record(desk, case).is_file()


def finish_saving(desk: Desk, opened: OpenCase) -> None:
    """Finish what a killed process was saving of a case; a record that is torn is set aside.

    Raises
    ------
    FileRefusedError
        As for `save_case`.
    """
    record = _record(desk, opened.case)
    with _locked(desk):
        try:
            settled = _read(record, opened)
        except FileRefusedError:
            if record.is_file():
                keep_copy(record, desk.superseded)
                record.unlink()
            return
        _finish(desk, opened, settled, record)


def _finish(desk: Desk, opened: OpenCase, settled: Settled, record: Path) -> tuple[str, ...]:
    case, names = opened.case, []
    _sweep(desk, case)
    # First: a mask that is not yet what was said of it is put off by `active ingest`, and not taken for another's work.
    write_marks(desk, case, settled.marks)
    for region, runs in settled.masks.items():
        path = case.output[region]
        _write(path, mask_of(runs, opened.shape), opened, desk.superseded)
        *before, own = settled.made_by[region]
        entries = (*before, {**own, "SHA256": sha256(path)})
        if not _stands(path, entries[-1]):
            append_to_sidecar(path, entries, lambda sidecar: keep_copy(sidecar, desk.superseded))
        names.append(path.name)
    write_effort(desk, case, settled.effort)
    DraftFile(desk, case).settle(settled.draft, opened)
    record.unlink()
    return tuple(names)


def _sweep(desk: Desk, case: DeskCase) -> None:
    """Delete what killed processes left of files that they had not finished."""
    sweep(desk.hidden)
    for folder in {desk.place, *(path.parent for path in case.output.values())}:
        sweep(folder, below=False)


def _write(path: Path, mask: Mask, opened: OpenCase, superseded: Path) -> None:
    if path.is_file():
        if _holds(path, mask, opened):
            return
        keep_copy(path, superseded)
    write_mask(path, mask, opened.image.affine, opened.image.forms)


def _holds(path: Path, mask: Mask, opened: OpenCase) -> bool:
    """Tell whether a file is this mask, at the image's place to the last bit."""
    try:
        there = read_mask(path)
    except FileRefusedError:
        return False
    image = opened.image
    wanted = Forms.of(bare_header(opened.shape, np.uint8, image.affine, image.forms))
    return there.forms == wanted and np.array_equal(there.data, mask)


def _stands(path: Path, entry: Mapping[str, Any]) -> bool:
    """Tell whether the last entry of a mask's sidecar says the same, whenever that was."""
    try:
        entries = read_json_object(sidecar_of(path)).get("GeneratedBy")
    except FileRefusedError:
        return False
    last = entries[-1] if isinstance(entries, list) and entries else None
    return isinstance(last, dict) and _lasting(last) == _lasting(entry)


def _lasting(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in _CHANGING}


def _record(desk: Desk, case: DeskCase) -> Path:
    return desk.hidden / "saving" / f"{key_of(case.name, desk.rater)}.json"


def _locked(desk: Desk) -> FileLock:
    desk.hidden.mkdir(parents=True, exist_ok=True)
    return FileLock(desk.hidden / "saving.lock", timeout=_LOCK_SECONDS)


def _content(settled: Settled) -> dict[str, Any]:
    return {
        "action": str(settled.action),
        "notes": list(settled.notes),
        "masks": {region: runs.ravel().tolist() for region, runs in settled.masks.items()},
        "made_by": {region: list(entries) for region, entries in settled.made_by.items()},
        "marks": [dict(row) for row in settled.marks],
        "effort": dict(settled.effort),
        "draft": settled.draft.content(),
    }


def _read(path: Path, opened: OpenCase) -> Settled:
    content = read_json_object(path, _NEEDED)
    with refuse_malformed(path, _NEEDED):
        return Settled(
            Action(content["action"]),
            tuple(content["notes"]),
            {region: read_runs(runs, opened.voxels) for region, runs in content["masks"].items()},
            {region: tuple(entries) for region, entries in content["made_by"].items()},
            tuple(content["marks"]),
            content["effort"],
            read_draft(content["draft"], opened.regions, opened.voxels),
        )
