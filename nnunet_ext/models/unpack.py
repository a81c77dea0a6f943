"""Unpacking a zip that nobody vouches for."""

import os
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import FileRefusedError, UnsafeModelError
from nnunet_ext.models.entry_names import Fate, fate_of

_CHUNK: Final = 1 << 18
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000  # traditional, strong, and a hidden directory
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MIB: Final = 1 << 20


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

    entries: int = 5_000
    file_bytes: int = 8 * 1024 * _MIB
    text_bytes: int = 64 * _MIB
    total_bytes: int = 32 * 1024 * _MIB
    ratio: int = 200
    ratio_from: int = _MIB

    def problem(self, name: str, unpacked: int, packed: int) -> str:
        """Say what is wrong with a file that has grown to `unpacked` bytes; empty where nothing is."""
        allowed = self.text_bytes if name.endswith((".json", ".md")) else self.file_bytes
        if unpacked > allowed:
            return f"unpacks to more than {allowed} bytes"
        if unpacked > self.ratio_from and unpacked > self.ratio * packed:
            return f"unpacks to more than {self.ratio} times its packed size"
        return ""


@dataclass(frozen=True)
class Unpacked:
    """What a zip held, by entry name.

    Parameters
    ----------
    installed
        Unpacked.
    left_out
        Known, and not unpacked since prediction does not need it.
    """

    installed: tuple[str, ...]
    left_out: tuple[str, ...]


def unpack(archive: Path, into: Path, limits: Limits | None = None) -> Unpacked:
    """Unpack the known files of a model, as plain files below `into`.

    Names, kinds and counts are checked before the first byte is written; sizes are counted while reading, as what a
    zip declares about itself is no more to be trusted than the rest of it.

    Parameters
    ----------
    into
        A folder for nothing else. Where this raises, its content is to be deleted.

    Raises
    ------
    FileRefusedError
        Where it is no zip, or a damaged one.
    UnsafeModelError
        Where an entry leads elsewhere, is a link, is encrypted, stands twice, or is a bomb.
    """
    limits = limits or Limits()
    try:
        with zipfile.ZipFile(archive) as opened:
            wanted, left_out = _sorted_out(opened, archive, limits)
            total = 0
            for info in wanted:
                total = _extract(opened, info, into / info.filename, total, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise FileRefusedError(archive, f"a sound zip was needed, found {error}; fetch it again") from error
    except UnsafeModelError as error:
        raise UnsafeModelError(f"{archive}: {error}") from error
    return Unpacked(tuple(sorted(info.filename for info in wanted)), tuple(sorted(left_out)))


def _sorted_out(opened: zipfile.ZipFile, archive: Path, limits: Limits) -> tuple[list[zipfile.ZipInfo], list[str]]:
    entries = opened.infolist()
    if len(entries) > limits.entries:
        raise UnsafeModelError(f"{len(entries)} entries, more than {limits.entries}")
    if min((info.header_offset for info in entries), default=0) > 0:
        # Of a zip that was cut short zipfile finds the end of the checkpoint in it, which is a zip itself.
        raise zipfile.BadZipFile("one that is cut short, or begins with something else")
    if sum(info.compress_size for info in entries) > archive.stat().st_size:
        raise UnsafeModelError("its entries overlap: together they are larger than the file")
    wanted: list[zipfile.ZipInfo] = []
    left_out: list[zipfile.ZipInfo] = []
    seen: set[str] = set()
    for info in entries:
        _refuse_odd(info)
        name = info.orig_filename
        if name.lower() in seen:
            raise UnsafeModelError(f"{name!r}: stands twice, or differs from another name only in its case")
        seen.add(name.lower())
        fate = fate_of(name)
        if not info.is_dir():  # folders are made for the files that need them
            (wanted if fate is Fate.INSTALL else left_out).append(info)
    return wanted, [info.filename for info in left_out]


def _refuse_odd(info: zipfile.ZipInfo) -> None:
    name, mode = info.orig_filename, info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UnsafeModelError(f"{name!r}: a link or a device, and a model is made of plain files")
    if info.flag_bits & _ENCRYPTED:
        raise UnsafeModelError(f"{name!r}: encrypted, so nobody can look into it")
    if info.compress_type not in _METHODS:
        raise UnsafeModelError(f"{name!r}: packed in another way than stored or deflated")
    if name != info.filename:  # zipfile cuts a name at its first NUL byte
        raise UnsafeModelError(f"{name!r}: read as {info.filename!r}")


def _extract(opened: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, total: int, limits: Limits) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with opened.open(info) as source, path.open("xb") as sink:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if problem := limits.problem(info.filename, written, info.compress_size):
                raise UnsafeModelError(f"{info.filename!r}: {problem}")
            if total + written > limits.total_bytes:
                raise UnsafeModelError(f"unpacks to more than {limits.total_bytes} bytes in all")
            sink.write(chunk)
        sink.flush()
        os.fsync(sink.fileno())
    return total + written
