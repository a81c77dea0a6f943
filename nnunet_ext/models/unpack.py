"""Unpacking a zip that nobody vouches for."""

import os
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import FileRefusedError, UnsafeModelError
from nnunet_ext.core.model_name import ASK
from nnunet_ext.models.entry_names import Fate, below_model, fate_of
from nnunet_ext.models.model_folders import model_folders

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

    entries: int = 20_000
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
    """What a zip held.

    Parameters
    ----------
    installed
        Unpacked, each under its place below `nnUNet_results`.
    left_out
        Parts of a model that prediction does not need, under the place that they would have.
    extras
        Harmless things beside it, by entry name.
    """

    installed: tuple[str, ...]
    left_out: tuple[str, ...]
    extras: tuple[str, ...]


def unpack(archive: Path, into: Path, limits: Limits | None = None, *, dataset: str = "") -> Unpacked:
    """Unpack the known files of a model, as plain files below `into`.

    Names, kinds and counts are checked before the first byte is written; sizes are counted while reading, as what a
    zip declares about itself is no more to be trusted than the rest of it.

    Parameters
    ----------
    into
        A folder for nothing else. Where this raises, its content is to be deleted.
    dataset
        See `model_folders`.

    Raises
    ------
    FileRefusedError
        Where it is no zip, or a damaged one.
    UnsafeModelError
        Where an entry leads elsewhere, is a link, is encrypted, stands twice, or is a bomb.
    UsageError
        Where `dataset` is no name of one, or there are several.
    """
    limits = limits or Limits()
    try:
        with zipfile.ZipFile(archive) as opened:
            found = _sorted_out(opened, archive, limits, dataset)
            total = 0
            for place, info in found.wanted.items():
                total = _extract(opened, info, into / place, total, limits)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError) as error:
        raise FileRefusedError(
            archive,
            f"a sound zip was needed, found {error}; fetch it again or, where it is another kind of archive, unpack it "
            f"and zip the folder DatasetXXX_NAME",
        ) from error
    except UnsafeModelError as error:
        raise UnsafeModelError(f"{archive}: {error}; or {ASK}") from error
    return Unpacked(tuple(sorted(found.wanted)), tuple(sorted(found.left_out)), tuple(sorted(found.extras)))


@dataclass(frozen=True)
class _Sorted:
    """Entries to unpack by their place, and names of the others."""

    wanted: dict[str, zipfile.ZipInfo] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)


def _sorted_out(opened: zipfile.ZipFile, archive: Path, limits: Limits, dataset: str) -> _Sorted:
    entries = opened.infolist()
    if len(entries) > limits.entries:
        raise UnsafeModelError(f"{len(entries)} entries, more than {limits.entries}")
    if min((info.header_offset for info in entries), default=0) > 0:
        # Of a zip that was cut short zipfile finds the end of the checkpoint in it, which is a zip itself.
        raise zipfile.BadZipFile("one that is cut short, or begins with something else")
    if sum(info.compress_size for info in entries) > archive.stat().st_size:
        raise UnsafeModelError("its entries overlap: together they are larger than the file")
    models = model_folders((info.orig_filename for info in entries), dataset)
    found, seen = _Sorted(), set[str]()
    for info in entries:
        _refuse_odd(info)
        fate = fate_of(info.orig_filename, models)
        if info.is_dir():  # folders are made for the files that need them
            continue
        place = "/".join(below_model(info.orig_filename, models) or (info.orig_filename,))
        if fate is Fate.EXTRA:
            found.extras.append(info.orig_filename)
            continue
        if place.lower() in seen:
            raise UnsafeModelError(f"{place!r}: stands twice, or differs from another name only in its case")
        seen.add(place.lower())
        if fate is Fate.INSTALL:
            found.wanted[place] = info
        else:
            found.left_out.append(place)
    return found


def _refuse_odd(info: zipfile.ZipInfo) -> None:
    name, mode = info.orig_filename, info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UnsafeModelError(f"{name!r}: a link or a device, and a model is made of plain files")
    if info.flag_bits & _ENCRYPTED:
        raise UnsafeModelError(f"{name!r}: encrypted, so nobody can look into it; unpack it and zip it anew")
    if info.compress_type not in _METHODS:
        raise UnsafeModelError(f"{name!r}: packed in another way than stored or deflated; unpack it and zip it anew")
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
