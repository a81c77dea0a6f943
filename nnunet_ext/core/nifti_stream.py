"""The bytes of a NIfTI file, read to the end and held against what its header promises."""

import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from io import FileIO
from itertools import chain
from pathlib import Path
from typing import Final, Literal

import nibabel as nib
import numpy as np

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.file_kind import file_kind
from nnunet_ext.core.present import check_present

LARGEST_VOLUME_BYTES: Final = 8 * 1024**3
"""More than this is a lying header or a bomb: the largest whole-spine scans hold well under 1 GiB."""

_HEADER_BYTES: Final = 540  # NIfTI-2; a NIfTI-1 header is shorter and is followed by at least its data
_CHUNK: Final = 1 << 18
_GZIP: Final = 31  # zlib's "window bits" for a gzip member: header, checksum and length are then checked by zlib
_GZIP_MAGIC: Final = b"\x1f\x8b"
_MOST_LAYERS: Final = 2
_ENDS: Final = (13, 10, 26, 10)
_SMALLEST_EXTENSION: Final = 16

Observer = Callable[[bytes], object]


def read_stream(path: Path, observer: Observer | None = None) -> bytearray:
    """Read a whole `.nii` or `.nii.gz`, checksum included, without ever holding much more than its header announces.

    Parameters
    ----------
    path, observer
        As for `stream_pieces`.

    Returns
    -------
    bytearray
        The uncompressed file: header, extensions and data.

    Raises
    ------
    FileRefusedError
        For what `stream_pieces` refuses, and for a length other than the header says, or an absurdly large one.
    """
    with closing(stream_pieces(path, observer)) as pieces:
        content = bytearray()
        while len(content) < _HEADER_BYTES and (piece := next(pieces, b"")):
            content += piece
        expected = _announced_bytes(path, content)
        while len(content) <= expected and (piece := next(pieces, b"")):
            content += piece
    if len(content) != expected:
        found = f"{len(content)} bytes" if len(content) < expected else "more"
        reason = f"the header announces {expected} bytes and the file holds {found}: truncated or damaged"
        raise FileRefusedError(path, reason)
    _refuse_broken_extensions(path, header_of(path, content), content)
    return content


def stream_pieces(path: Path, observer: Observer | None = None) -> Generator[bytes, None, None]:
    """Give the uncompressed bytes of a `.nii` or `.nii.gz`, piece by piece.

    Whether it is compressed is seen from its content: people's files are named `.nii.gz` and are not, or the other way
    round, or compressed twice.

    Neither SimpleITK nor nibabel reads a gzip stream to the end, where its checksum stands: both return altered voxels
    of a damaged file in silence. Here, whoever takes the pieces to their end without an error has an undamaged file.

    Parameters
    ----------
    observer
        Called with each piece of the file as it lies on the disk, compressed where it is: for a digest that needs no
        second reading.

    Yields
    ------
    bytes
        At most 256 KiB, never empty.

    Raises
    ------
    FileRefusedError
        Missing, not downloaded, truncated or damaged.
    """
    check_present(path)
    try:
        with path.open("rb", buffering=0) as file:
            pieces: Iterator[bytes] = _stored_pieces(file, observer)
            first = next(pieces, b"")
            pieces = chain([first], pieces)
            for _ in range(gzip_layers(path, first)):
                pieces = _inflated(pieces)
            yield from filter(None, pieces)
    except EOFError as error:
        raise FileRefusedError(path, "the file is truncated: its gzip stream ends early; copy it again") from error
    except zlib.error as error:
        reason = f"the file is damaged ({error}): its gzip stream does not match its checksum; copy it again"
        raise FileRefusedError(path, reason) from error
    except OSError as error:
        raise FileRefusedError(path, f"cannot be read: {error.strerror or error}") from error


def gzip_layers(path: Path, first: bytes) -> int:
    """Count how many times a file was compressed, from its first bytes.

    Raises
    ------
    FileRefusedError
        Where that is more than twice: nobody does so but to harm.
    """
    layers = 0
    while first.startswith(_GZIP_MAGIC):
        layers += 1
        if layers > _MOST_LAYERS:
            raise FileRefusedError(path, f"it is compressed with gzip more than {_MOST_LAYERS} times")
        try:
            first = zlib.decompressobj(_GZIP).decompress(first, _HEADER_BYTES)
        except zlib.error:
            break  # reading on will say what is wrong
    return layers


def misnamed(path: Path) -> tuple[str, ...]:
    """Say where a file is compressed otherwise than its name says; nothing where it is as named."""
    with path.open("rb") as file:
        layers = gzip_layers(path, file.read(_CHUNK))
    if layers == int(path.name.lower().endswith(".gz")):
        return ()
    found = ("not compressed", "compressed with gzip", "compressed with gzip twice")[layers]
    return (f"{found}, other than its name says",)


def header_of(path: Path, content: bytes | bytearray) -> nib.Nifti1Header:
    """Parse the header at the start of `content`.

    Raises
    ------
    FileRefusedError
        Where this is no single-file NIfTI-1 or NIfTI-2.
    """
    version: type[nib.Nifti1Header]
    for version in (nib.Nifti1Header, nib.Nifti2Header):
        size = int(version.sizeof_hdr)
        if len(content) < size:
            continue
        try:
            header = version(bytes(content[:size]), check=False)
        except (ValueError, nib.spatialimages.HeaderDataError):
            continue
        if int(header["sizeof_hdr"]) == size and header["magic"].item() == header.single_magic:
            _refuse_converted_ends(path, header)
            return header
    kind = file_kind(bytes(content[:_HEADER_BYTES]))
    found = f"it is {kind}" if kind else "neither a NIfTI-1 nor a NIfTI-2 header stands at its start: damaged"
    raise FileRefusedError(path, f"not a NIfTI image: {found}")


def data_offset(path: Path, header: nib.Nifti1Header) -> int:
    """Say where the voxels start, in bytes.

    Raises
    ------
    FileRefusedError
        Where they would start inside the header, or nowhere. For 0 readers differ: ITK takes the first byte behind the
        header, nibabel, and with it SCT and nnU-Net, the header itself.
    """
    smallest = int(header.sizeof_hdr) + 4
    offset = float(header["vox_offset"])
    if not smallest <= offset <= LARGEST_VOLUME_BYTES or offset != int(offset):
        raise FileRefusedError(path, f"the header's data offset is impossible: {offset}")
    return int(offset)


def _stored_pieces(file: FileIO, observer: Observer | None) -> Iterator[bytes]:
    while piece := file.read(_CHUNK):
        if observer is not None:
            observer(piece)
        yield piece


def _inflated(stored: Iterator[bytes]) -> Iterator[bytes]:
    """Undo gzip as the gzip program does: one member or several, each perhaps padded with zeros."""
    pending = next(stored, b"")
    while pending:
        member = zlib.decompressobj(_GZIP)
        while not member.eof:
            piece = member.decompress(pending, _CHUNK)
            pending = member.unconsumed_tail
            if piece:
                yield piece
            elif not pending and not member.eof and not (pending := next(stored, b"")):
                raise EOFError
        pending = member.unused_data.lstrip(b"\0")
        while not pending and (more := next(stored, b"")):
            pending = more.lstrip(b"\0")


def _refuse_converted_ends(path: Path, header: nib.Nifti1Header) -> None:
    """NIfTI-2 holds bytes that a transfer as text would change."""
    if "eol_check" in header and tuple(header["eol_check"].tolist()) not in (_ENDS, (0, 0, 0, 0)):
        raise FileRefusedError(path, "its line ends were converted, as by a transfer in text mode: copy it again")


def _refuse_broken_extensions(path: Path, header: nib.Nifti1Header, content: bytearray) -> None:
    """Walk through the extensions; nobody needs them, but nibabel, and with it SCT and nnU-Net, stops at one."""
    at, end = int(header.sizeof_hdr) + 4, data_offset(path, header)
    if content[at - 4] == 0:
        return
    order: Literal["little", "big"] = "little" if header.endianness == "<" else "big"
    while end - at >= _SMALLEST_EXTENSION:
        size = int.from_bytes(content[at : at + 4], order, signed=True)
        if size < _SMALLEST_EXTENSION or at + size > end:
            raise FileRefusedError(path, f"an extension of its header announces {size} bytes: a damaged header")
        at += size


def _announced_bytes(path: Path, head: bytes | bytearray) -> int:
    header = header_of(path, head)
    count = int(header["dim"][0])
    sizes = [int(size) for size in header["dim"][1 : count + 1]]
    if not 1 <= count <= 7 or any(size < 1 for size in sizes):
        raise FileRefusedError(path, f"the header's dimensions are impossible: {header['dim'].tolist()}")
    try:
        item = int(header.get_data_dtype().itemsize)
    except (KeyError, nib.spatialimages.HeaderDataError):
        item = 0
    if item == 0:  # also "unknown", "one bit a voxel" and what this machine has no type for
        raise FileRefusedError(path, f"the header's data type cannot be read: code {int(header['datatype'])}")
    voxels = item * int(np.prod(np.array(sizes, dtype=object)))
    if voxels > LARGEST_VOLUME_BYTES:
        reason = f"the header announces {voxels / 1024**3:.1f} GiB, more than any spine scan: a damaged header"
        raise FileRefusedError(path, reason)
    return data_offset(path, header) + voxels
