"""The cases of an input: files, a folder in nnU-Net's naming, a folder of images, or a BIDS folder."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from nnunet_ext.cascade.prediction.read_images import InputCase
from nnunet_ext.cli.predict.bids import InputChoice, bids_cases
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.names import ENDINGS, image_stem, parse_image_name, split_channel, strip_ending
from nnunet_ext.core.other_folder import did_you_mean
from nnunet_ext.dataset_conversion.walk import holds_subjects

_NUMBERED: Final = 10_000  # any number of four digits
_SHOWN: Final = 5


class Layout(StrEnum):
    """What the input is."""

    FILES = "files"
    NNUNET = "a folder in nnU-Net's naming"
    PLAIN = "a folder of images"
    BIDS = "a BIDS folder"


@dataclass(frozen=True)
class FoundInputs:
    """The cases of an input, sorted by name, and what it was taken for."""

    cases: tuple[InputCase, ...]
    layout: Layout
    notes: tuple[str, ...] = ()


def find_inputs(inputs: Sequence[Path], channels: Sequence[str], choice: InputChoice) -> FoundInputs:
    """List the cases; no image is opened.

    Parameters
    ----------
    inputs
        One folder, or files: for a model with one channel each is a case, for others they are the channels of one.
    channels
        Of the model, by name.
    choice
        Of the user's.

    Raises
    ------
    DataRefusedError
        Where there is no image.
    UsageError
        Where the input does not fit the model, or a choice does not fit the input.
    """
    missing = [str(path) for path in inputs if not path.exists() and not path.is_symlink()]
    if missing:
        raise DataRefusedError(f"-i: there is nothing at {', '.join(missing)}; check the path")
    folders = [path for path in inputs if path.is_dir()]
    if folders and len(inputs) > 1:
        raise UsageError("-i takes one folder, or files; run the command once for each folder")
    if not folders:
        found = FoundInputs(_from_files(inputs, channels), Layout.FILES)
    elif any(entry.name.startswith("sub-") and entry.is_dir() for entry in folders[0].iterdir()):
        found = FoundInputs(tuple(bids_cases(folders[0], channels, choice)), Layout.BIDS)
    else:
        found = _from_folder(folders[0], channels, choice)
    if found.layout is not Layout.BIDS and (choice.participants or choice.sessions or choice.suffixes):
        raise UsageError(f"--participant-label, --session-label and --suffix need a BIDS folder, found {found.layout}")
    return FoundInputs(
        tuple(sorted(found.cases, key=lambda case: (case.name, case.sources))), found.layout, found.notes
    )


def _from_files(files: Sequence[Path], channels: Sequence[str]) -> tuple[InputCase, ...]:
    others = [file.name for file in files if not file.name.lower().endswith(ENDINGS)]
    if others:
        raise DataRefusedError(f"-i: images that end in {' or '.join(ENDINGS)} were needed, found {', '.join(others)}")
    if len(channels) == 1:
        cases = [_case(_without_channel(file, channels), (file,)) for file in files]
        clashes = sorted({case.name for case in cases if sum(other.name == case.name for other in cases) > 1})
        if clashes:
            raise UsageError(f"-i: several files would be case {', '.join(clashes)}; predict them to different folders")
        return tuple(cases)
    if len(files) != len(channels):
        raise UsageError(
            f"-i: the model takes {len(channels)} images a case, {', '.join(channels)}; "
            f"give these files in this order, or a folder; found {len(files)}"
        )
    return (_case(_without_channel(files[0], channels), tuple(files)),)


def _from_folder(folder: Path, channels: Sequence[str], choice: InputChoice) -> FoundInputs:
    files = sorted(entry for entry in folder.iterdir() if _is_image(entry))
    if not files:
        subfolders = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())[:_SHOWN]
        subject = folder.resolve().name
        meant = f"; of one subject: -i BIDS --participant-label {subject.removeprefix('sub-')}"
        raise DataRefusedError(
            f"{folder}: images that end in {' or '.join(ENDINGS)}, or a BIDS folder's sub-*, were needed; found none"
            + (f" beside the folders {', '.join(subfolders)}" if subfolders else "")
            + (meant if subject.startswith("sub-") else "")
            + did_you_mean(folder.resolve().parent if subject.startswith("ses-") else folder, _holds_images)
        )
    if any(split_channel(strip_ending(file.name), len(channels)) for file in files):
        return FoundInputs(_from_nnunet(files, channels, choice), Layout.NNUNET)
    if len(channels) > 1:
        raise UsageError(
            f"{folder}: the model takes {len(channels)} images a case, {', '.join(channels)}; "
            f"name them CASE_0000.nii.gz, CASE_0001.nii.gz and so on in this order, or give a BIDS folder"
        )
    note = f"{folder}: no file is named CASE_0000.nii.gz: each of its {len(files)} images is taken as a case of its own"
    cases = [_case(strip_ending(file.name), (file,)) for file in files]
    return FoundInputs(tuple(_refused_where_twice(cases)), Layout.PLAIN, (note,))


def _from_nnunet(files: Sequence[Path], channels: Sequence[str], choice: InputChoice) -> tuple[InputCase, ...]:
    by_case: dict[str, dict[int, list[Path]]] = defaultdict(lambda: defaultdict(list))
    numbered = (split_channel(strip_ending(file.name), len(channels)) for file in files)
    known = {found[0] for found in numbered if found is not None}
    cases = []
    for file in files:
        found = split_channel(strip_ending(file.name), _NUMBERED)
        if found is None or found[0] not in known:
            reason = f"{_as_text(file.name)} is not named CASE_0000.nii.gz, as others of its folder are"
            cases.append(InputCase(_as_text(strip_ending(file.name)), (), (), reason=reason, refused=True))
        else:
            by_case[found[0]][found[1]].append(file)
    return (*cases, *(_from_channels(name, there, channels, choice) for name, there in by_case.items()))


def _from_channels(
    name: str, there: Mapping[int, list[Path]], channels: Sequence[str], choice: InputChoice
) -> InputCase:
    twice = [str(files[0].name) for files in there.values() if len(files) > 1]
    lacks = [f"{index:04d} ({channel})" for index, channel in enumerate(channels) if index not in there]
    further = [f"{index:04d}" for index in sorted(there) if index >= len(channels)]
    reason = ""
    if twice:
        reason = f"both a .nii and a .nii.gz of {', '.join(twice)}; remove one"
    elif further:
        reason = (
            f"channel {first_few(further)} found, and the model takes {len(channels)}: {', '.join(channels)}; "
            "if these are images of several patients, name each of them CASE_0000.nii.gz, or give them one by one"
        )
    elif lacks and not choice.zero:
        reason = f"channel {', '.join(lacks)} missing; with --missing-channel zero it is predicted all the same"
    images = tuple(there[index][0] if index in there else None for index in range(len(channels)))
    return replace(_case(name, images), reason=reason, refused=bool(reason))


def _case(name: str, images: tuple[Path | None, ...]) -> InputCase:
    sources = tuple("" if image is None else _as_text(image.name) for image in images)
    return InputCase(_as_text(name), images, sources, _bids_folder(name))


def _as_text(name: str) -> str:
    """Spell bytes that are no text, as in names from an old disk: tables and sidecars hold text."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _bids_folder(name: str) -> str:
    """Say where a BIDS dataset keeps an image of this name; empty where it is no such name."""
    parsed = parse_image_name(name)
    return "" if parsed is None else parsed.folder


def _without_channel(file: Path, channels: Sequence[str]) -> str:
    stem = strip_ending(file.name)
    found = split_channel(stem, len(channels))
    return stem if found is None else found[0]


def _refused_where_twice(cases: Sequence[InputCase]) -> list[InputCase]:
    names = [case.name for case in cases]
    clash = "both a .nii and a .nii.gz of this name; remove one"
    return [replace(case, reason=clash, refused=True) if names.count(case.name) > 1 else case for case in cases]


def _holds_images(folder: Path) -> bool:
    """Tell whether images of a folder may be meant: those of nnU-Net, or of a BIDS dataset."""
    return holds_subjects(folder) or (folder.name.startswith("images") and any(map(_is_image, folder.iterdir())))


def _is_image(entry: Path) -> bool:
    return image_stem(entry.name) is not None and not entry.is_dir()
