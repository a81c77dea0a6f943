"""Unpacking a zip that nobody vouches for."""

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.model_name import ASK
from nnunet_ext.core.zip_entries import Limits, OddZipError, extract, opened_zip, refuse_odd, sound_entries
from nnunet_ext.models.entry_names import Fate, below_model, fate_of
from nnunet_ext.models.model_folders import model_folders

CURE: Final = "fetch it again or, where it is another kind of archive, unpack it and zip the folder DatasetXXX_NAME"

Decide = Callable[[str], tuple[Fate, str]]
"""Says by an entry's name what becomes of it and its place; raises UnsafeModelError where it is to be refused."""


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
    return unpack_by(archive, into, lambda entries: _model_rules(entries, dataset), limits or Limits())


def unpack_by(archive: Path, into: Path, rules: Callable[[Sequence[str]], Decide], limits: Limits) -> Unpacked:
    """Unpack what rules of another kind of model know; raises what `unpack` does.

    Parameters
    ----------
    rules
        Called with the names of all entries, as they stand there.
    """
    try:
        with opened_zip(archive, CURE) as opened:
            found = _sorted_out(opened, archive, limits, rules)
            total = 0
            for place, info in found.wanted.items():
                total = extract(opened, info, into / place, total, limits)
    except (OddZipError, UnsafeModelError) as error:
        raise UnsafeModelError(f"{archive}: {error}; or {ASK}") from error
    return Unpacked(tuple(sorted(found.wanted)), tuple(sorted(found.left_out)), tuple(sorted(found.extras)))


@dataclass(frozen=True)
class _Sorted:
    """Entries to unpack by their place, and names of the others."""

    wanted: dict[str, zipfile.ZipInfo] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)


def _model_rules(entries: Sequence[str], dataset: str) -> Decide:
    models = model_folders(entries, dataset)
    return lambda entry: (fate_of(entry, models), "/".join(below_model(entry, models) or (entry,)))


def _sorted_out(
    opened: zipfile.ZipFile, archive: Path, limits: Limits, rules: Callable[[Sequence[str]], Decide]
) -> _Sorted:
    entries = sound_entries(opened, archive, limits)
    decide = rules([info.orig_filename for info in entries])
    found, seen = _Sorted(), set[str]()
    for info in entries:
        refuse_odd(info, "a model is made")
        fate, place = decide(info.orig_filename)
        if info.is_dir():  # folders are made for the files that need them
            continue
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
