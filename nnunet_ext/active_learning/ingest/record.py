"""Verified masks on the disk, each with a sidecar that says how it came to be."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnunet_ext.cascade.prediction.case_files import Naming, output_stem, sidecar_of
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.labels import Mask
from nnunet_ext.core.names import parse_case
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.provenance import generated_by, sha256
from nnunet_ext.core.raw_dataset import FILE_ENDING
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.volume import Volume

SUPERSEDED: Final = "superseded"
"""Folder of masks that were taken in and that others have taken the place of."""

_LABELS: Final = "labels"
_NOT_NAMED_SO: Final = re.compile(r"[^0-9A-Za-z._-]")


@dataclass(frozen=True)
class VerifiedPlace:
    """Where verified masks lie: BIDS derivatives of a dataset each, `DATASET/derivatives/labels/sub-01/anat/...`.

    Parameters
    ----------
    root
        The folder of all.
    """

    root: Path

    def mask(self, dataset: str, stem: str, region: str, rater: str = "") -> Path:
        """Name the mask that training sees, or that of one of several raters."""
        labels = f"{_LABELS}-{_NOT_NAMED_SO.sub('', rater)}" if rater else _LABELS
        name = output_stem(stem, region, Naming.NEUROPOLY, "mask", bids=True)
        return self.root / dataset / "derivatives" / labels / parse_case(stem).folder / f"{name}{FILE_ENDING}"

    def masks(self) -> list[Path]:
        """List every mask that stands."""
        return sorted(self.root.glob(f"*/derivatives/{_LABELS}*/**/*{FILE_ENDING}"))


def record_mask(path: Path, mask: Mask, image: Volume, made_by: Sequence[Mapping[str, Any]]) -> str:
    """Write a verified mask, then its sidecar, and give the hash of the mask's file.

    What stands there and is something else is kept, below `superseded`. The sidecar only grows: entries that it has
    stay, in their order, and the last of `made_by` comes last. The same call again changes no byte.

    Parameters
    ----------
    path
        From `VerifiedPlace.mask`.
    mask
        Shape (i, j, k), on the grid of `image`, whose forms it takes over.
    made_by
        Entries for `GeneratedBy`, the last of them this taking in.
    """
    if not _holds(path, mask):
        set_aside(path)
        write_mask(path, mask, image.affine, image.forms)
    append_to_sidecar(path, made_by)
    return sha256(path)


def append_to_sidecar(
    path: Path, made_by: Sequence[Mapping[str, Any]], keep: Callable[[Path], object] | None = None
) -> None:
    """Append what is new to `GeneratedBy` in the sidecar of a mask; it is made where there is none.

    Parameters
    ----------
    path
        Of the mask.
    made_by
        Entries, the last of them the newest.
    keep
        What is done with a sidecar that cannot be read before another takes its place; it is set aside without.
    """
    sidecar = sidecar_of(path)
    content: dict[str, Any] = {"SpatialReference": "orig", "Type": "ROI", "GeneratedBy": []}
    if sidecar.is_file():
        try:
            content = read_json_object(sidecar)
        except FileRefusedError:  # nobody's work is lost over a damaged record, and neither is the record
            (keep or set_aside)(sidecar)
    entries = list(content.get("GeneratedBy") or [])
    entries += [dict(entry) for entry in made_by[:-1] if entry not in entries]
    if made_by and (not entries or entries[-1] != made_by[-1]):
        entries.append(dict(made_by[-1]))
    if entries != content.get("GeneratedBy") or not sidecar.is_file():
        write_json(sidecar, {**content, "GeneratedBy": entries})


def set_aside(path: Path) -> None:
    """Move a file that another takes the place of below `superseded`, under its hash; nothing is done without one."""
    if path.is_file():
        root = next(folder for folder in path.parents if folder.name == "derivatives").parent.parent
        kept = root / SUPERSEDED / f"{sha256(path)[:16]}_{path.name}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        path.replace(kept)


def taken_in(action: str, rater: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Make the entry of this taking in; it holds no time of day, so that the same taking in makes the same entry."""
    about = {"Action": action, "Rater": rater or None, **facts}
    return {**generated_by(), **{key: value for key, value in about.items() if value not in (None, "", [])}}


def _holds(path: Path, mask: Mask) -> bool:
    if not path.is_file():
        return False
    try:
        return np.array_equal(read_mask(path).data > 0, mask)
    except FileRefusedError:
        return False
