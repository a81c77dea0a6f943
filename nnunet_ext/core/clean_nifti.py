"""A NIfTI file for others: its voxels as they are, below a header that says where they lie and nothing else."""

from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.atomic import atomic_path
from nnunet_ext.core.forms import Forms
from nnunet_ext.core.nifti_stream import data_offset, header_of, read_stream
from nnunet_ext.core.plain_gzip import write_gzip

_NO_EXTENSIONS: Final = bytes(4)
_OF_VOXELS: Final = ("datatype", "bitpix", "scl_slope", "scl_inter")


def clean_copy(source: Path, target: Path) -> None:
    """Copy an image or mask without any text of its header, its extensions, and numbers that no reader needs.

    What is kept is listed, not what is dropped: nobody knows what else scanners and people write there. The voxels, and
    how they are scaled, stay as they are, bit by bit.

    Parameters
    ----------
    source
        A `.nii` or `.nii.gz` of NIfTI-1 or NIfTI-2, in either byte order.
    target
        Ends in `.nii.gz`. Equal voxels at an equal place give equal bytes.

    Raises
    ------
    FileRefusedError
        Where `read_stream` refuses the source.
    """
    content = read_stream(source)
    header = header_of(source, content)
    clean = _clean(header)
    start = data_offset(source, header)
    with atomic_path(target) as temporary, temporary.open("wb") as file:
        write_gzip(clean.binaryblock + _NO_EXTENSIONS + content[start:], file)


def _clean(header: Any) -> Any:  # noqa: ANN401 - nibabel ships no annotations
    clean = type(header)(endianness=header.endianness)
    axes = int(header["dim"][0])
    clean["dim"] = [axes, *header["dim"][1 : axes + 1], *[1] * (7 - axes)]
    for name in _OF_VOXELS:
        clean[name] = header[name]
    Forms.of(header).put(clean)
    clean["vox_offset"] = clean.single_vox_offset
    clean["magic"] = clean.single_magic
    return clean
