"""Taking back the zip of another site: masks and marks, and nothing else of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256 as hash_of
from pathlib import Path, PurePosixPath
from typing import Final
from zipfile import ZipFile, ZipInfo

import numpy as np

from nnunet_ext.active_learning.exchange.marks import MARKS, MARKS_COLUMNS
from nnunet_ext.active_learning.exchange.place_cases import PlacedCase, regions_of
from nnunet_ext.active_learning.exchange.rater_folder import sidecar_json
from nnunet_ext.active_learning.exchange.rename_cases import renamed_cases
from nnunet_ext.active_learning.exchange.sent_masks import SentMask, read_sent
from nnunet_ext.core.atomic import atomic_path, write_json, write_text
from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.grid import on_grid
from nnunet_ext.core.leftovers import scratch_folder, sweep
from nnunet_ext.core.names import image_stem, parse_mask_name, strip_ending
from nnunet_ext.core.nifti_place import place_of
from nnunet_ext.core.nifti_stream import header_of, stream_pieces
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.tables import NOTHING, filled, read_table, table_text
from nnunet_ext.core.volume import Volume
from nnunet_ext.core.zip_entries import Limits, OddZipError, extract, opened_zip, refuse_odd, sound_entries, way_out

_MIB: Final = 1 << 20
_LIMITS: Final = Limits(
    file_bytes=1024 * _MIB,
    text_bytes=16 * _MIB,
    total_bytes=8 * 1024 * _MIB,
    ratio_from=256 * _MIB,  # an empty mask that is not compressed itself packs to a thousandth
)
_CURE: Final = "ask for it again, zipped from the folder that was sent"
_MARK: Final = ".nnunet_ext-unpack-"
_LITTER: Final = "__MACOSX"
_HEADER_BYTES: Final = 544


@dataclass(frozen=True)
class TakenBack:
    """What a zip brought.

    Parameters
    ----------
    placed
        Masks that stand in the rater's folder now, relative to `to_correct`.
    unchanged
        Masks that came back as they were sent, which leaves what stands there as it is.
    refused
        Entry and reason of what was not taken.
    left_out
        Entries that are neither masks nor marks of these cases.
    """

    placed: tuple[str, ...]
    unchanged: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]


def unpack(archive: Path, to_correct: Path, rater: str, names: Path, limits: Limits = _LIMITS) -> TakenBack:
    """Put the masks of a zip where the rater would have saved them at home, under the names that they have there.

    A mask is taken by its name, wherever in the zip it lies, and where it lies on its image's grid by its header; all
    else about it is checked when it is taken in. One that came back unchanged is left out, and one for which another
    correction stands there already is refused. Marks are written beside those that are there.

    Parameters
    ----------
    archive
        Of which nothing is trusted.
    to_correct, rater, names
        As `pack` was told.
    limits
        What is more is a bomb.

    Raises
    ------
    FileRefusedError
        Where it is no zip, or a damaged one.
    DataRefusedError
        Where an entry leads elsewhere, is a link, is encrypted, stands twice, or is a bomb; or where the table of
        pseudonyms does not know these cases. Nothing is taken then.
    """
    sent = [mask for mask in read_sent(to_correct) if mask.rater == rater]
    cases = {one.mark: one for one in renamed_cases(to_correct, sent, rater, names, None)}
    sweep(to_correct)
    with scratch_folder(to_correct.parent, _MARK) as staged:
        try:
            with opened_zip(archive, _CURE) as opened:
                entries = _sound(opened, archive, limits)
                found = {info.filename: _wanted(info.filename, cases) for info in entries}
                files, total = {}, 0
                for number, info in enumerate(info for info in entries if found[info.filename]):
                    name = PurePosixPath(info.filename).name
                    files[info.filename] = staged / f"{number:05d}" / name
                    total = extract(opened, info, files[info.filename], total, limits)
        except OddZipError as error:
            raise DataRefusedError(f"{archive}: {error}; {_CURE}") from error
        return _take(files, found, cases, sent, to_correct)


def _sound(opened: ZipFile, archive: Path, limits: Limits) -> list[ZipInfo]:
    """List the files, once every entry is known to be harmless."""
    seen = set[str]()
    entries = sound_entries(opened, archive, limits)
    for info in entries:
        refuse_odd(info, "what was sent is made")
        if problem := way_out(info.orig_filename):
            raise OddZipError(f"{info.orig_filename!r}: {problem}; nothing was written")
        if info.filename.lower() in seen:
            raise OddZipError(f"{info.filename!r}: stands twice, or differs from another name only in its case")
        seen.add(info.filename.lower())
    return [info for info in entries if not info.is_dir()]


@dataclass(frozen=True)
class _Wanted:
    """What an entry is: of a case and region, a mask or its sidecar; the marks, where there is no case."""

    mark: str = ""
    region: str = ""
    is_mask: bool = False


def _wanted(entry: str, cases: Mapping[str, PlacedCase]) -> _Wanted | None:
    path = PurePosixPath(entry)
    if _LITTER in path.parts or path.name.startswith("."):
        return None
    if path.name.startswith(PurePosixPath(MARKS).stem) and path.suffix == ".tsv":
        return _Wanted()
    stem = image_stem(path.name)
    name = parse_mask_name(stem or path.stem, regions_of(list(cases.values())))
    if name is None or name.case not in cases or name.region not in cases[name.case].chosen.masks:
        return None
    return _Wanted(name.case, name.region, stem is not None) if stem is not None or path.suffix == ".json" else None


def _take(
    files: Mapping[str, Path],
    found: Mapping[str, _Wanted | None],
    cases: Mapping[str, PlacedCase],
    sent: Sequence[SentMask],
    to_correct: Path,
) -> TakenBack:
    own = {(mask.case, mask.region): mask for mask in sent}
    several: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    placed, unchanged, refused = [], [], []
    for entry, wanted in found.items():
        if wanted is not None and wanted.is_mask:
            several[wanted.mark, wanted.region].append(entry)
    for (mark, region), entries in sorted(several.items()):
        mask = own[cases[mark].chosen.case, region]
        try:
            changed = {sha256(files[entry]): entry for entry in entries}
            changed.pop(mask.predicted_sha256, None)
            if len(changed) > 1:
                raise FileRefusedError(Path(entries[0]), f"one mask was needed, found {len(changed)} that differ")
            if changed:
                placed.append(_place(files[next(iter(changed.values()))], mask, to_correct))
                sidecars = [files[entry] for entry, one in found.items() if one == _Wanted(mark, region)]
                _add_history(sidecars, sidecar_json(to_correct / mask.copy))
            else:
                unchanged.append(mask.copy)
        except FileRefusedError as error:
            refused.append((entries[0], error.reason))
    for entry, wanted in found.items():
        if wanted is not None and not wanted.mark:
            try:
                _place_marks(files[entry], cases, to_correct / sent[0].rater)
            except FileRefusedError as error:
                refused.append((entry, error.reason))
    left_out = tuple(sorted(entry for entry, wanted in found.items() if wanted is None))
    return TakenBack(tuple(placed), tuple(unchanged), tuple(refused), left_out)


def _place(file: Path, mask: SentMask, to_correct: Path) -> str:
    """Copy a mask to where the rater would have saved it."""
    on_grid(_grid(file), _grid(to_correct / split_list(mask.image)[0]), file, "image")
    home = to_correct / mask.copy
    target = home.with_name(strip_ending(home.name) + file.name.removeprefix(strip_ending(file.name)))
    if target.exists() and sha256(target) not in (mask.predicted_sha256, sha256(file)):
        raise FileRefusedError(target, f"another correction stands in {mask.copy}; move the one of them that is wrong")
    with atomic_path(target) as temporary:
        temporary.write_bytes(file.read_bytes())
    return target.relative_to(to_correct).as_posix()


def _add_history(sidecars: Sequence[Path], home: Path) -> None:
    """Take from a mask's sidecar who made it, as manual-correction writes it, and nothing else."""
    for sidecar in sidecars:
        listed = read_json_object(sidecar).get("GeneratedBy")
        if isinstance(listed, list) and all(isinstance(one, dict) for one in listed):
            content = read_json_object(home) if home.is_file() else {}
            known = content.get("GeneratedBy", [])
            write_json(home, {**content, "GeneratedBy": [*known, *(one for one in listed if one not in known)]})


def _grid(path: Path) -> Volume:
    """Read where a file's voxels lie, and nothing of them but that they are whole."""
    start = bytearray()
    with closing(stream_pieces(path)) as pieces:
        for piece in pieces:
            if len(start) < _HEADER_BYTES:
                start += piece
    header = header_of(path, start)
    count = int(header["dim"][0])
    shape = tuple(int(size) for size in header["dim"][1 : count + 1])
    if not 3 <= count <= 7 or min(shape) < 1 or any(size > 1 for size in shape[3:]):
        raise FileRefusedError(path, f"a 3-D mask was needed, found the shape {shape}")
    return Volume(np.broadcast_to(np.zeros(1, dtype=np.uint8), shape[:3]), place_of(path, header)[0])


def _place_marks(file: Path, cases: Mapping[str, PlacedCase], folder: Path) -> None:
    """Write what was marked under the names that the cases have at home, into a file that is named by its content."""
    rows = []
    for row in read_table(file, ["case", "action"], MARKS_COLUMNS):
        name = PurePosixPath(row["case"].strip().replace("\\", "/")).name
        one = cases.get(strip_ending(name))
        if one is None:
            raise row.refused(f"a case that was sent was needed, found {name[:60]!r}")
        said = {column: filled(row, column) or NOTHING for column in MARKS_COLUMNS[1:]}
        if set(said.values()) != {NOTHING}:
            rows.append({"case": one.chosen.case} | said)
    if not rows:
        return
    text = table_text(rows, MARKS_COLUMNS)
    write_text(folder / f"marks-returned-{hash_of(text.encode()).hexdigest()[:12]}.tsv", text)
