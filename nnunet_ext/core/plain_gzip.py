"""Gzip streams that tell nothing but their content."""

import gzip
from typing import IO, Final

_COMPRESSION: Final = 1  # nibabel's own: half of level 3's time, and at most a twentieth larger on MRI
_CHUNK: Final = 1 << 20


def write_gzip(content: bytes | bytearray, file: IO[bytes]) -> None:
    """Compress, without a name or a time in the header: the same content gives the same bytes."""
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=_COMPRESSION, mtime=0) as stream:
        for start in range(0, len(content), _CHUNK):
            stream.write(content[start : start + _CHUNK])
