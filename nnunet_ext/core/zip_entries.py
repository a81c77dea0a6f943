"""Reading a zip that nobody vouches for: what is odd about its entries, and how much of them is taken."""

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import FileRefusedError

_CHUNK: Final = 1 << 18
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000  # traditional, strong, and a hidden directory
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MIB: Final = 1 << 20


class OddZipError(Exception):
    """What is wrong with a zip, in words; whoever reads it says which of the named errors that is."""


@dataclass(frozen=True)
class Limits:
    """How much a zip may unpack to before it is taken for a bomb: generous for any model that nnU-Net trains.

    Parameters
    ----------
    entries
        Number of entries.
    file_bytes, text_bytes, total_bytes
        Unpacked size of one file, of one that is parsed as a whole (JSON), and of all.
    ratio
        Unpacked by packed size of a file. JSON packs to a twentieth, weights hardly at all; deflate's bombs reach 1032.
    ratio_from
        Unpacked bytes up to which the ratio is not looked at: small files do no harm.
    """

    entries: int = 20_000
    file_bytes: int = 8 * 1024 * _MIB
    text_bytes: int = 64 * _MIB
    total_bytes: int = 32 * 1024 * _MIB
    ratio: int = 200
    ratio_from: int = _MIB

    def problem(self, name: str, unpacked: int, packed: int) -> str:
        """Say what is wrong with a file that has grown to `unpacked` bytes; empty where nothing is."""
        allowed = self.text_bytes if name.endswith((".json", ".md", ".tsv", ".yml")) else self.file_bytes
        if unpacked > allowed:
            return f"unpacks to more than {allowed} bytes"
        if unpacked > self.ratio_from and unpacked > self.ratio * packed:
            return f"unpacks to more than {self.ratio} times its packed size"
        return ""


@contextmanager
def opened_zip(archive: Path, cure: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip for the block, in which damage of any kind is the zip's.

    Raises
    ------
    FileRefusedError
        Where it is no zip, or a damaged one; it ends with `cure`.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            yield opened
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError) as error:
        raise FileRefusedError(archive, f"a sound zip was needed, found {error}; {cure}") from error


def sound_entries(opened: zipfile.ZipFile, archive: Path, limits: Limits) -> list[zipfile.ZipInfo]:
    """List a zip's entries, before the first byte of them is read.

    Raises
    ------
    OddZipError
        Where there are too many, or they overlap.
    zipfile.BadZipFile
        Where it is cut short.
    """
    entries = opened.infolist()
    if len(entries) > limits.entries:
        raise OddZipError(f"{len(entries)} entries, more than {limits.entries}")
    if min((info.header_offset for info in entries), default=0) > 0:
        # Of a zip that was cut short zipfile finds the end of the checkpoint in it, which is a zip itself.
        raise zipfile.BadZipFile("one that is cut short, or begins with something else")
    if sum(info.compress_size for info in entries) > archive.stat().st_size:
        raise OddZipError("its entries overlap: together they are larger than the file")
    return entries


def refuse_odd(info: zipfile.ZipInfo, made_of: str) -> None:
    """Refuse an entry that is no plain file in a way that can be read; `made_of` says what is made of plain files.

    Raises
    ------
    OddZipError
        A link, a device, encrypted, compressed in another way, or a name with a NUL byte.
    """
    name, mode = info.orig_filename, info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise OddZipError(f"{name!r}: a link or a device, and {made_of} of plain files")
    if info.flag_bits & _ENCRYPTED:
        raise OddZipError(f"{name!r}: encrypted, so nobody can look into it; unpack it and zip it anew")
    if info.compress_type not in _METHODS:
        raise OddZipError(f"{name!r}: packed in another way than stored or deflated; unpack it and zip it anew")
    if name != info.filename:  # zipfile cuts a name at its first NUL byte
        raise OddZipError(f"{name!r}: read as {info.filename!r}")


def way_out(entry: str) -> str:
    """Say how the name of an entry leads out of the folder; empty where it does not."""
    if "\\" in entry:
        return "a backslash in a name leads elsewhere on Windows (unpack it there, and zip the folder anew)"
    if entry.startswith("/") or re.match(r"[A-Za-z]:", entry):
        return "an absolute path leads out of the folder"
    if ".." in entry.split("/"):
        return "'..' leads out of the folder"
    return ""


def extract(opened: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, total: int, limits: Limits) -> int:
    """Write an entry to `path`, and say how many bytes that makes with the `total` of those before.

    Sizes are counted while reading: what a zip declares about itself is no more to be trusted than the rest of it.

    Raises
    ------
    OddZipError
        Where it grows beyond the limits.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as sink:
        for chunk in _chunks(opened, info, total, limits):
            sink.write(chunk)
        sink.flush()
        os.fsync(sink.fileno())
        return total + sink.tell()


def read_entry(opened: zipfile.ZipFile, info: zipfile.ZipInfo, total: int, limits: Limits) -> bytes:
    """Read an entry into memory, where `total` bytes are already; raises what `extract` does."""
    return b"".join(_chunks(opened, info, total, limits))


def _chunks(opened: zipfile.ZipFile, info: zipfile.ZipInfo, total: int, limits: Limits) -> Iterator[bytes]:
    read = 0
    with opened.open(info) as source:
        while chunk := source.read(_CHUNK):
            read += len(chunk)
            if problem := limits.problem(info.filename, read, info.compress_size):
                raise OddZipError(f"{info.filename!r}: {problem}")
            if total + read > limits.total_bytes:
                raise OddZipError(f"unpacks to more than {limits.total_bytes} bytes in all")
            yield chunk
