"""The image of a case, as it was when the case was drawn, and masks on its grid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nnunet_ext.active_learning.ingest.downloaded import DIGEST_LENGTH, downloaded, mask_stem_of
from nnunet_ext.cascade.prediction.what_stands import OUTPUTS
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.grid import on_grid
from nnunet_ext.core.labels import Mask
from nnunet_ext.core.mask import read_region
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.present import check_present
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.tables import filled
from nnunet_ext.core.volume import Volume

Entries = tuple[Mapping[str, Any], ...]
"""`GeneratedBy` of a sidecar."""


@dataclass(frozen=True, eq=False)
class CaseMask:
    """A mask on the grid of its image.

    Parameters
    ----------
    data
        Shape (i, j, k), in the axes of the image's file.
    path
        None where there is no file.
    sha256
        Of the file.
    notes
        What reading had to do.
    made_by
        `GeneratedBy` of its sidecar.
    """

    data: Mask
    path: Path | None = None
    sha256: str = ""
    notes: tuple[str, ...] = ()
    made_by: Entries = field(default=())


def read_image(files: Sequence[Path], known: str) -> Volume:
    """Read the first image of a case, and hold all against what the query knew of them.

    Parameters
    ----------
    files
        Of each channel.
    known
        Column `image_sha256`: the hashes, with `;` between them; ``n/a`` where it is not known.

    Raises
    ------
    FileRefusedError
        By name, where an image is damaged, or is not the one that the masks were predicted from.
    """
    image = read_volume(files[0])
    wanted = filled({"sha": known}, "sha")
    found = [image.sha256]
    for path in files[1:]:
        check_present(path)
        found.append(sha256(path))
    for path, before, now in zip(files, wanted.split(";") if wanted else found, found, strict=False):
        if before != now:
            raise FileRefusedError(
                path,
                f"the image changed on disk since the query (SHA-256 {before[:12]} then, {now[:12]} now), and masks "
                "were drawn on the old one; put it back, or query again",
            )
    return image


def read_case_mask(path: Path, image: Volume) -> CaseMask:
    """Read a mask to its end and bring it onto the grid of its image.

    Raises
    ------
    FileRefusedError
        Where it is damaged, soft, holds other values than 0 and 1 (or 255), lies elsewhere than its image, or was drawn
        on another, as its name says.
    """
    saved = downloaded(path.name)
    if saved is not None and not image.sha256.startswith(saved.digest):
        raise FileRefusedError(
            path,
            f"it was drawn on an image whose SHA-256 begins with {saved.digest}, and this case's begins with "
            f"{image.sha256[:DIGEST_LENGTH]}; open the page of this image, and draw there",
        )
    region = read_region(path, None)
    placed, told = on_grid(region.volume, image, path, "image")
    data = np.asarray(placed.data, dtype=np.bool_)
    return CaseMask(data, path, region.volume.sha256, (*region.volume.notes, *told), _made_by(path))


def read_given_mask(path: Path, image: Volume) -> CaseMask:
    """Read a mask as it was given out.

    Raises
    ------
    FileRefusedError
        As for `read_case_mask`, and where its sidecar says that the model drew another one: somebody edited this copy,
        and nobody can tell what was changed.
    """
    mask = read_case_mask(path, image)
    written = _sidecar(path).get(OUTPUTS)
    drawn = written.get(path.name, mask.sha256) if isinstance(written, dict) else mask.sha256
    if drawn != mask.sha256:
        raise FileRefusedError(
            path, "the mask as it was given out was needed, and this copy was edited; give it out again"
        )
    return mask


def _sidecar(path: Path) -> Mapping[str, Any]:
    sidecar = path.with_name(f"{mask_stem_of(path.name)}.json")
    try:
        return read_json_object(sidecar) if sidecar.is_file() else {}
    except FileRefusedError:  # a mask that is sound counts, whatever was written about it
        return {}


def _made_by(path: Path) -> Entries:
    listed = _sidecar(path).get("GeneratedBy")
    entries = listed if isinstance(listed, list) else [listed]
    return tuple(entry for entry in entries if isinstance(entry, dict))
