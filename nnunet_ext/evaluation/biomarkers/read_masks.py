"""Reading a case's masks: hard or soft, alone or in one label map, all on the lesion's grid."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.grid import on_grid
from nnunet_ext.core.labels import CORD, Labelling
from nnunet_ext.core.mask import read_region, refuse_no_probability, strange_labels
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.volume import Array, Volume

WHOSE_GRID: Final = "lesion mask"
"""All masks and images of a case are laid on its grid."""

_LESION: Final = "lesion"
_ADVICE: Final = "; of a label map with cord and lesion say --label-maps; else set the values to 0 and 1"


@dataclass(frozen=True, eq=False)
class LesionMasks:
    """A case's masks on one grid.

    Parameters
    ----------
    lesion
        Mask, bool, in the file's own axes.
    soft
        Its values from 0 to 1 where it is a soft mask; else None.
    cord
        Mask, bool, same shape; None without one.
    notes
        What reading had to choose, in words fit for a table.
    """

    lesion: Volume
    soft: Array | None
    cord: Array | None
    notes: tuple[str, ...] = ()


def read_masks(
    lesion: Path, cord: Path | None, threshold: float, labels: Labelling | None = None, *, soft: bool = False
) -> LesionMasks:
    """Read a lesion mask and its cord mask, or the label map that holds both.

    Parameters
    ----------
    lesion, cord
        Files. With `labels` the first is a label map, and the second None.
    threshold
        Above it a voxel of a soft mask counts.
    labels
        Of a label map; None where the files are masks.
    soft
        Whether soft masks are announced, see `read_region`.

    Raises
    ------
    FileRefusedError
        For a damaged file, values that are no mask's, and a cord on another grid.
    """
    if labels is not None:
        return _read_label_map(lesion, labels)
    drawn = read_region(lesion, threshold, _ADVICE, announced=soft)
    mask = replace(drawn.volume, notes=())
    notes = list(drawn.volume.notes)
    if drawn.soft is not None:
        notes.append(f"soft lesion mask: above {threshold:g} counts")
    if cord is None:
        return LesionMasks(mask, drawn.soft, None, tuple(notes))
    around = read_region(cord, threshold, _ADVICE, announced=soft)
    on_lesion, off = on_grid(around.volume, mask, cord, WHOSE_GRID)
    if around.soft is not None:
        notes.append(f"soft cord mask: above {threshold:g} counts")
    return LesionMasks(mask, drawn.soft, on_lesion.data, (*notes, *around.volume.notes, *off))


def read_probability(path: Path) -> Volume:
    """Read an image with values from 0 to 1.

    Raises
    ------
    FileRefusedError
        For a damaged file, and other values.
    """
    volume = read_volume(path)
    refuse_no_probability(path, volume.data, _ADVICE)
    return volume


def _read_label_map(path: Path, labels: Labelling) -> LesionMasks:
    volume = read_mask(path)
    if strange := strange_labels(volume.data, labels.values):
        raise FileRefusedError(path, strange)
    taken = labels.take(volume.data)
    # A cord that is written without its lesion still holds it.
    return LesionMasks(replace(volume, data=taken[_LESION]), None, taken[CORD] | taken[_LESION], volume.notes)
