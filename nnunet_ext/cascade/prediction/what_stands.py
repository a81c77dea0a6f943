"""What stands where a case is to be written: what may be overwritten, and what an earlier run has finished."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnunet_ext.cascade.prediction.case_files import CaseFiles
from nnunet_ext.cascade.prediction.read_images import CaseImages
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.read_json import read_json
from nnunet_ext.core.stray_lesions import without_stray_lesions

OUTPUTS: Final = "Outputs"
"""Key of a sidecar: the SHA-256 of every file that was written for the case, by name."""

SECONDS: Final = "Seconds"
"""Key of a sidecar: how long the case took."""


@dataclass(frozen=True)
class Standing:
    """What stands under the names of a case, besides what an earlier run of the same settings left there.

    Parameters
    ----------
    corrected
        Sound files that are not what the earlier run wrote: somebody corrected them.
    damaged
        Files that are not what the earlier run wrote, and cannot be read.
    strangers
        Files that no earlier run is known to have written.
    changed
        Keys of the recipe by which the earlier run differs from today's.
    other_image
        What the earlier run was given, where that is not the image of today: another patient's masks, perhaps.
    """

    corrected: tuple[Path, ...] = ()
    damaged: tuple[Path, ...] = ()
    strangers: tuple[Path, ...] = ()
    changed: tuple[str, ...] = ()
    other_image: str = ""

    def spared(self, *, keep_finished: bool, force: bool) -> tuple[Path, ...]:
        """List files for which the whole case is left as it stands: the work of a person is never overwritten."""
        return (*(self.corrected if keep_finished or force else ()), *(self.strangers if force else ()))

    def refused(self, *, keep_finished: bool, force: bool) -> tuple[str, ...]:
        """Say why the case must not be written; nothing where it may be, or is spared."""
        if force or self.spared(keep_finished=keep_finished, force=force):
            return ()
        damaged = () if keep_finished else self.damaged
        return (
            *(f"{file.name} (corrected by hand)" for file in self.corrected),
            *(f"{file.name} (damaged)" for file in damaged),
            *(f"{file.name} (not known to be of this command)" for file in self.strangers),
            *([f"made from {self.other_image}"] if self.other_image else []),
            *([f"made with other {', '.join(self.changed)}"] if self.changed else []),
        )


def what_stands(files: CaseFiles, recipe: Mapping[str, Any], inputs: Sequence[Mapping[str, str]] = ()) -> Standing:
    """Compare what stands where a run of today would write with the sidecars, and these with the run of today.

    Parameters
    ----------
    recipe, inputs
        As `sidecar` takes them; of the images only the keys that are given are compared.
    """
    known = known_hashes(files)
    corrected: list[Path] = []
    damaged: list[Path] = []
    strangers: list[Path] = []
    standing = [file for file in files.outputs if os.path.lexists(file)]
    for file in standing:
        if not file.is_file() or file.name not in known:
            strangers.append(file)
        elif sha256(file) not in known[file.name]:
            (corrected if _is_sound(file) else damaged).append(file)
    told = list(_told(files)) if standing else []
    changed = tuple(key for key, value in recipe.items() if any(content.get(key) != value for content in told))
    other = next((name for content in told if (name := _other_image(content.get("Inputs"), inputs))), "")
    return Standing(tuple(corrected), tuple(damaged), tuple(strangers), changed, other)


def _other_image(before: object, today: Sequence[Mapping[str, str]]) -> str:
    """Say which image it was before, where that is not today's; nothing where it is, or is not known."""
    if not today or not isinstance(before, list) or not all(isinstance(one, dict) for one in before):
        return ""
    if any({key: one.get(key) for key in new} == dict(new) for one in before for new in today):
        return ""  # a channel more or less is still the same patient
    names = [str(one.get("Name")) for one in before]
    same = names == [one["Name"] for one in today]
    return f"another {', '.join(names)}" if same else ", ".join(names) or "no image"


def known_hashes(files: CaseFiles) -> dict[str, set[str]]:
    """Give the SHA-256 that each file of a case may have where we wrote it: of a run that was killed, old and new."""
    known: dict[str, set[str]] = {}
    for content in (*_told(files), *_read(files.journal)):
        for name, hashes in content[OUTPUTS].items():
            listed = hashes if isinstance(hashes, list) else [hashes]
            known.setdefault(name, set()).update(one for one in listed if isinstance(one, str))
    return known


@dataclass(frozen=True)
class FinishedCase:
    """What an earlier run found: volume of each region, warnings, and how long it took."""

    volumes_mm3: Mapping[str, float]
    warnings: tuple[str, ...]
    seconds: float


def finished_case(
    files: CaseFiles, images: CaseImages, regions: Labelling, recipe: Mapping[str, Any]
) -> FinishedCase | None:
    """Compare every output that is wanted of a case with its sidecars, byte for byte, and these with a run of today.

    Returns
    -------
    FinishedCase or None
        None where anything is missing, is not what was written, or was made by other models or settings or from other
        images.
    """
    try:
        contents = list(_told(files))
        wanted = {**recipe, "Inputs": [dict(one) for one in images.inputs]}
        other = any(content[key] != value for content in contents for key, value in wanted.items())
        if other or len(contents) < len(files.sidecars):
            return None
        told = contents[0]
        if any(told[OUTPUTS][file.name] != sha256(file) for file in files.outputs):
            return None
        volumes = volumes_of(files, images, regions)
        return FinishedCase(volumes, tuple(map(str, told["Warnings"])), float(told[SECONDS]))
    except (OSError, ValueError, KeyError, TypeError, FileRefusedError):
        return None


def volumes_of(files: CaseFiles, images: CaseImages, regions: Labelling) -> dict[str, float]:
    """Measure each region in the masks as they stand, in mm3, 0 where one is empty.

    Raises
    ------
    FileRefusedError
        Where a mask is missing or damaged.
    """
    masks = [read_mask(file).data for file in files.segmentations]
    grid = images.volumes[0]
    if files.label_map is not None:
        found = without_stray_lesions(regions.take(masks[0]), regions, grid.affine)
    else:
        found = dict(zip((region for region, _ in files.masks), masks, strict=True))
    return {name: float(np.count_nonzero(mask)) * grid.voxel_volume_mm3 for name, mask in found.items()}


def _told(files: CaseFiles) -> Iterator[Mapping[str, Any]]:
    for sidecar in files.sidecars:
        yield from _read(sidecar)


def _read(file: Path) -> Iterator[Mapping[str, Any]]:
    """Read what tells of a case's files; nothing where it is missing, damaged or of an older version."""
    try:
        content = read_json(file)
    except FileRefusedError:
        return
    if isinstance(content, dict) and isinstance(content.get(OUTPUTS), dict):
        yield content


def _is_sound(file: Path) -> bool:
    if file.suffix == ".csv":
        return file.read_bytes().endswith(b"\n")
    if file.suffix in {".npz", ".pkl"}:  # nobody corrects these by hand
        return False
    try:
        read_volume(file)
    except FileRefusedError:
        return False
    return True
