"""One real image read, given its lesions, and written with its masks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnunet_ext.cli.inject.find_tasks import Task
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.cord_place import cord_place
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.names import Dialect, LabelClass, label_stem
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.provenance import generated_by
from nnunet_ext.core.volume import Array, Volume
from nnunet_ext.dataset_conversion.read_label import read_label
from nnunet_ext.phantom.injection.inject_lesions import Injected, inject_lesions
from nnunet_ext.phantom.injection.list_lesions import InjectedLesion, list_lesions
from nnunet_ext.phantom.lesions import Pathology

LABELS: Final = "derivatives/labels"
"""Where the masks stand, below the dataset."""

_MASKS: Final[tuple[LabelClass, ...]] = ("sc", "lesion")
_ENDINGS: Final = (".nii.gz", ".json")


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Parameters
    ----------
    task
        As planned, or with the reason why nothing was made.
    lesions
        What was put into the image.
    measured
        Of the image: cord, fluid and noise in its units, and its point spread in voxels; empty of a healthy one.
    cord_voxels
        Of the mask.
    notes
        What reading had to do.
    """

    task: Task
    lesions: tuple[InjectedLesion, ...] = ()
    measured: tuple[tuple[str, float | str], ...] = ()
    cord_voxels: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Stop(Exception):  # noqa: N818 - no error: the image is left out knowingly
    reason: str


def files_of(task: Task, naming: Dialect) -> list[str]:
    """Name what is written for a task, below the dataset; nothing for one that is left out."""
    if task.reason:
        return []
    masks = (f"{LABELS}/{task.folder}/{label_stem(task.stem, kind, naming)}" for kind in _MASKS)
    return [f"{stem}{ending}" for stem in (f"{task.folder}/{task.stem}", *masks) for ending in _ENDINGS]


def inject_one(task: Task, out: Path, naming: Dialect, own_lesions: bool) -> Outcome:
    """Make one image; a fault of its files refuses it and never stops the others.

    Parameters
    ----------
    task
        What to make.
    out
        The dataset.
    naming
        How masks are named.
    own_lesions
        Whether an image that has lesions gets more.
    """
    if task.reason:
        return Outcome(task)
    try:
        return _inject(task, out, naming, own_lesions=own_lesions)
    except _Stop as stop:
        return Outcome(replace(task, reason=stop.reason))
    except FileRefusedError as error:
        return Outcome(replace(task, reason=f"{error.path.name}: {error.reason}", refused=True))
    except DataRefusedError as error:
        return Outcome(replace(task, reason=str(error), refused=True))


def _inject(task: Task, out: Path, naming: Dialect, *, own_lesions: bool) -> Outcome:
    image = read_volume(task.root / task.source)
    cord, notes = _read_cord(task, image)
    if not own_lesions:
        _leave_out_diseased(task, image)
    lesions: Sequence[InjectedLesion] = ()
    measured: tuple[tuple[str, float | str], ...] = ()
    changed, lesion = image.data, np.zeros(image.data.shape, dtype=np.uint8)
    if task.kind is not Pathology.HEALTHY:
        injected = inject_lesions(image.data, cord > 0, image.affine, task.kind, task.seed)
        changed, lesion = injected.image, injected.lesion
        lesions, measured = list_lesions(image.data, injected, cord > 0, image.affine), _measured(injected)
    _write(task, out, naming, image, (changed, cord, lesion))
    return Outcome(task, tuple(lesions), measured, int(np.count_nonzero(cord)), (*image.notes, *notes))


def _read_cord(task: Task, image: Volume) -> tuple[Array, tuple[str, ...]]:
    if task.cord is None:
        raise DataRefusedError("a cord mask was needed, found none")
    read = read_label(task.root, task.cord.label, image, task.cord.profile)
    file = task.root / task.cord.label.files[0][1]
    if not read.data.any():
        raise FileRefusedError(file, "a cord was needed and the mask is empty")
    problems = cord_place(Volume(read.data, image.affine), image.data).problems
    if problems:
        raise FileRefusedError(file, f"{'; '.join(problems)}; look at it over its image")
    return read.data, read.remarks


def _leave_out_diseased(task: Task, image: Volume) -> None:
    if task.lesion is None:
        return
    own = read_label(task.root, task.lesion.label, image, task.lesion.profile)
    if count := int(np.count_nonzero(own.data)):
        raise _Stop(f"it has lesions of its own, {count} voxels; to inject all the same: --own-lesions")


def _measured(injected: Injected) -> tuple[tuple[str, float | str], ...]:
    signal = injected.signal
    spread = " ".join(f"{voxels:.2f}" for voxels in injected.spread)
    return (("cord", signal.cord), ("fluid", signal.fluid), ("noise", signal.noise), ("spread_voxels", spread))


def _write(task: Task, out: Path, naming: Dialect, image: Volume, arrays: tuple[Array, Array, Array]) -> None:
    changed, *masks = arrays
    path = out / task.folder / f"{task.stem}.nii.gz"
    write_image(path, changed, image.affine, image.forms)
    write_json(path.with_name(f"{task.stem}.json"), _about_image(task))
    for kind, mask in zip(_MASKS, masks, strict=True):
        stem = label_stem(task.stem, kind, naming)
        file = out / LABELS / task.folder / f"{stem}.nii.gz"
        write_mask(file, mask, image.affine, image.forms)
        write_json(file.with_name(f"{stem}.json"), _about_mask(task))


def _about_image(task: Task) -> dict[str, Any]:
    what = "a copy of" if task.kind is Pathology.HEALTHY else f"synthetic lesions ({task.kind}) in"
    # BIDS wants to know of every derived image whether it lacks its skull; spines keep theirs.
    about = {"Description": f"{what} {Path(task.source).name}", "SkullStripped": False}
    return {**about, "GeneratedBy": [generated_by()]}


def _about_mask(task: Task) -> dict[str, Any]:
    source = f"bids:raw:{task.folder}/{task.stem}.nii.gz"
    return {"SpatialReference": "orig", "Sources": [source], "Type": "ROI", "GeneratedBy": [generated_by()]}
