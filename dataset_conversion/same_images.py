"""Images that are the same under several names, found without reading more of them than is needed."""

import hashlib
import os
import zlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial, reduce
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.nifti_stream import data_offset, gzip_layers, header_of, read_stream, stream_pieces

_BLOCK: Final = 4096
_PARTS: Final = 8
_WIDEST_VOXEL: Final = 16  # bytes


def same_images(paths: Iterable[Path], owner: Callable[[Path], Hashable]) -> list[tuple[Path, ...]]:
    """Find the images of different owners that hold the same bytes once they are uncompressed.

    The uncompressed sizes are compared first, then checksums that gzip has written, or some blocks of a file that is
    not compressed; only what still looks alike is read to its end. A file that cannot be read is like no other, and
    neither is an image of a single value: it shows nobody.

    Parameters
    ----------
    paths
        The images.
    owner
        Whose an image is.

    Returns
    -------
    list of tuple of Path
        For each content that several owners have its files, sorted.
    """
    same_size = _alike(sorted(paths), _size, owner)
    alike = [part for group in same_size for part in _alike(group, partial(_checksum, any(map(_layers, group))), owner)]
    return [part for group in alike for part in _alike(group, _digest, owner)]


def shows_something(path: Path) -> bool:
    """Say whether a file can be read and has voxels of more than one value."""
    try:
        return _digest(path) is not None
    except FileRefusedError:
        return False


def _digest(path: Path) -> str | None:
    """Hash what a file holds uncompressed; None where all its voxels have one value."""
    content = read_stream(path)
    voxels = memoryview(content)[data_offset(path, header_of(path, content)) :]
    if len(voxels) <= _WIDEST_VOXEL or voxels[_WIDEST_VOXEL:] == voxels[:-_WIDEST_VOXEL]:
        return None
    return hashlib.sha256(content).hexdigest()


def _alike(
    group: Sequence[Path], key: Callable[[Path], Hashable | None], owner: Callable[[Path], Hashable]
) -> list[tuple[Path, ...]]:
    """Part a group by what `key` says of each of its files, and keep the parts that have several owners."""
    parts: dict[Hashable, list[Path]] = defaultdict(list)
    for path in group:
        try:
            found = key(path)
        except (OSError, FileRefusedError):  # the conversion will say what is wrong with it
            continue
        if found is not None:
            parts[found].append(path)
    return [tuple(part) for part in parts.values() if len({owner(path) for path in part}) > 1]


def _size(path: Path) -> int | None:
    """Give the uncompressed size, as gzip notes it; None for an empty file."""
    layers = _layers(path)
    if layers == 1:
        return int.from_bytes(_end(path, 4), "little")
    size = sum(map(len, stream_pieces(path))) if layers else path.stat().st_size
    return size % 2**32 or None


def _checksum(whole: bool, path: Path) -> Hashable:
    """Give gzip's checksum; of a file that is not compressed some blocks, or that checksum of the `whole`."""
    layers = _layers(path)
    if layers == 1:
        return int.from_bytes(_end(path, 8)[:4], "little")
    if whole or layers:
        return reduce(lambda checksum, piece: zlib.crc32(piece, checksum), stream_pieces(path), 0)
    size = path.stat().st_size
    blocks = []
    with path.open("rb", buffering=0) as stream:
        for part in range(_PARTS):
            stream.seek(size * part // _PARTS)
            blocks.append(stream.read(_BLOCK))
    return tuple(blocks)


def _layers(path: Path) -> int:
    """Count how often a file was compressed, from its content: names do not always say so."""
    with path.open("rb", buffering=0) as stream:
        return gzip_layers(path, stream.read(_BLOCK))


def _end(path: Path, count: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(-count, os.SEEK_END)
        return stream.read(count)
