"""Which image a mask belongs to, by its name, in any lab's dialect."""

from pathlib import Path
from typing import Final, Literal

from nnunet_ext.core.names import FIRST_CHANNEL, MaskName, image_stem, parse_mask_name, plain_first

Kind = Literal["mask", "probseg"]
MaskClass = Literal["sc", "lesion", "whole"]
"""The cord, its lesions, or a tumour as a whole."""

_CLASSES: Final[tuple[MaskClass, ...]] = ("sc", "lesion", "whole")
_INSTANCES: Final = "_dseg"  # as this package writes lesions with their numbers: no mask


def case_of_mask(file_name: str, label_class: MaskClass, kind: Kind = "mask") -> str | None:
    """Take the case's name from a mask's.

    Parameters
    ----------
    file_name
        Without folder.
    label_class, kind
        What the mask must be of.

    Returns
    -------
    str
        None where it is not named as such a mask.

    Examples
    --------
    >>> case_of_mask("sub-01_label-lesion_desc-T2w_mask.nii.gz", "lesion")
    'sub-01_T2w'
    >>> case_of_mask("sub-01_T2w_seg-manual.nii.gz", "sc")
    'sub-01_T2w'
    """
    name = _mask_name(file_name, label_class, kind)
    return None if name is None else name.case


def masks_below(folder: Path, label_class: MaskClass, kind: Kind = "mask") -> dict[str, list[Path]]:
    """List by case the masks below a folder that are named as such; the plain name wins, see `plain_first`."""
    named: dict[str, list[tuple[Path, MaskName]]] = {}
    for file in _images(folder):
        if (name := _mask_name(file.name, label_class, kind)) is not None:
            named.setdefault(name.case, []).append((file, name))
    return {case: plain_first(found) for case, found in named.items()}


def images_below(folder: Path) -> dict[str, list[Path]]:
    """List the images below a folder by their stem, nnU-Net's number of the first channel left out."""
    found: dict[str, list[Path]] = {}
    for file in _images(folder):
        found.setdefault((image_stem(file.name) or "").removesuffix(FIRST_CHANNEL), []).append(file)
    return found


def _images(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if image_stem(file.name) is not None and not file.is_dir())


def _mask_name(file_name: str, label_class: MaskClass, kind: Kind) -> MaskName | None:
    stem = image_stem(file_name) or ""
    if stem.endswith(_INSTANCES):
        return None
    if kind == "probseg":
        if not stem.endswith(f"_{kind}"):
            return None
        stem = f"{stem.removesuffix(kind)}mask"  # named alike but for the end
    name = parse_mask_name(stem, _CLASSES)
    return name if name is not None and name.region == label_class else None
