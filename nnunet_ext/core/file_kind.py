"""What a file is, by its first bytes, whatever its name says."""

from typing import Final

_AT_START: Final = (
    (b"PK\x03\x04", "a zip archive: unpack it first (unzip)"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "compressed with bzip2: bunzip2 it first, then gzip it"),
    (b"\xfd7zXZ\0", "compressed with xz: unxz it first, then gzip it"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd: unzstd it first, then gzip it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (b"NRRD", "an NRRD image: convert it to NIfTI, in 3D Slicer for instance"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"\x89HDF", "an HDF5 file, MINC perhaps: convert it to NIfTI (mnc2nii)"),
    (b"CDF\x01", "a MINC image: convert it to NIfTI (mnc2nii)"),
    (b"%PDF", "a PDF document"),
    (b"MRtrix", "an MRtrix image: convert it to NIfTI (mrconvert)"),
    (b"\x93NUMPY", "a numpy array, which says nothing of its place in space"),
)
_META_IMAGE: Final = (b"objecttype =", b"ndims =", b"comment =")
_PAGE: Final = (b"<!doctype html", b"<html", b"<?xml", b"<head")
_PAIR: Final = (b"ni1", b"ni2")
_MAGIC: Final = slice(344, 347)
_HEADER_SIZE: Final = ((348).to_bytes(4, "little"), (348).to_bytes(4, "big"))


def file_kind(head: bytes) -> str:
    """Say what a file that is no NIfTI image is, and what to do about it.

    Parameters
    ----------
    head
        Its first bytes; some hundred will do.

    Returns
    -------
    str
        Empty where it cannot be told.

    Examples
    --------
    >>> file_kind(b"NRRD0004")
    'an NRRD image: convert it to NIfTI, in 3D Slicer for instance'
    """
    if not head:
        return "an empty file: copy it again"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    kinds = (
        *((head.startswith(start), kind) for start, kind in _AT_START),
        (text.startswith(_PAGE), "a web page, a download's error message perhaps: download it again"),
        (text.startswith(_META_IMAGE), "a MetaImage (.mha): convert it to NIfTI, in 3D Slicer for instance"),
        (head[128:132] == b"DICM", "a DICOM file: convert its series to NIfTI (dcm2niix)"),
        (head[257:262] == b"ustar", "a tar archive: unpack it first (tar)"),
        (head[_MAGIC] in _PAIR, "the header of a pair .hdr and .img: join them, for instance: fslchfiletype NIFTI_GZ"),
        (head[:4] in _HEADER_SIZE, "an Analyze header, or a NIfTI header that is damaged"),
        (_is_text(head), "text"),
    )
    return next((kind for fits, kind in kinds if fits), "")


def _is_text(head: bytes) -> bool:
    try:
        words = head.decode("utf-8")
    except UnicodeDecodeError as error:
        words = head[: error.start].decode("utf-8") if error.start > len(head) - 4 else ""
    return bool(words) and all(letter.isprintable() or letter in "\t\r\n" for letter in words)
