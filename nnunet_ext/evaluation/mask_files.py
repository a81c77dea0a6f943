"""The masks of one side of a comparison: a file, a folder, or a BIDS tree."""

import os
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.names import MaskName, image_stem, parse_mask_name, plain_first
from nnunet_ext.core.other_folder import did_you_mean
from nnunet_ext.core.pair_names import image_key

_Named = tuple[Path, MaskName]
LABEL_FOLDERS: Final = ("labelsTs", "labelsTr", "validation")
"""Where nnU-Net keeps label maps: of test cases, of training cases, and a fold's own."""

_SKIPPED: Final = frozenset({"sourcedata", "code"})


@dataclass(frozen=True)
class CaseMaskFiles:
    """The masks of one case on one side.

    Parameters
    ----------
    case
        As the files name it.
    label_map
        All regions in one file; None where each region has its own.
    regions
        Name and file of each region.
    problem
        Why it cannot be used, such as two files for one region; empty where it can.
    """

    case: str
    label_map: Path | None = None
    regions: tuple[tuple[str, Path], ...] = ()
    problem: str = ""

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file."""
        return (self.label_map,) if self.label_map is not None else tuple(file for _, file in self.regions)


@dataclass(frozen=True)
class MaskFolder:
    """What was found on one side.

    Parameters
    ----------
    cases
        By name, sorted.
    other_files
        Images that are no masks by their names, in a folder of masks.
    passed_over
        Masks with entities of their own in their names, such as a rater's, beside one without.
    """

    cases: tuple[CaseMaskFiles, ...]
    other_files: tuple[Path, ...] = ()
    passed_over: tuple[Path, ...] = ()

    @property
    def per_region(self) -> bool:
        """Whether regions have files of their own."""
        return any(case.regions for case in self.cases)


def find_masks(place: Path, regions: Sequence[str], *, label_maps: bool) -> MaskFolder:
    """List the masks at a place; none is opened.

    Parameters
    ----------
    place
        A file; a folder of label maps ``CASE.nii.gz``, or of masks with a region in each name; a BIDS tree of those.
    regions
        Names of the regions that a file's name may hold.
    label_maps
        Whether the folder is known to hold label maps (a `dataset.json` stands by it), whatever their names are.

    Raises
    ------
    DataRefusedError
        Where there is nothing, or no mask.
    """
    if place.is_file():
        return MaskFolder((_single(place, regions, label_map=label_maps),))
    if not place.is_dir():
        raise DataRefusedError(f"{place}: a mask or a folder of masks was needed; there is nothing, check the path")
    tree = is_tree(place)
    files = _walk(place) if tree else sorted(entry for entry in place.iterdir() if not entry.is_dir())
    named = [(file, stem) for file in files if (stem := image_stem(file.name)) is not None]
    parsed = {} if label_maps and not tree else {file: parse_mask_name(stem, regions) for file, stem in named}
    if any(parsed.values()):
        found = _by_region(parsed)
        _refuse_several_derivatives(place, found, (file for file, name in parsed.items() if name is not None))
        return found
    if tree or not named:
        raise DataRefusedError(
            f"{place}: masks of {', '.join(regions)} were needed, named such as sub-01_T2w_label-SC_seg.nii.gz, "
            f"or label maps CASE.nii.gz; found {len(named)} other images"
            f"{did_you_mean(place, lambda folder: holds_masks(folder, regions))}"
        )
    return _label_maps(named)


def holds_masks(folder: Path, regions: Sequence[str]) -> bool:
    """Tell whether a folder holds masks: nnU-Net's label maps, or masks of regions, flat or below `sub-*`."""
    entries = list(folder.iterdir())
    stems = [image_stem(entry.name) for entry in entries]
    if folder.name in LABEL_FOLDERS:
        held_out = folder.with_name("labelsTs")  # where it is there, nobody means those that were trained on
        better = folder.name == "labelsTr" and held_out.is_dir() and holds_masks(held_out, regions)
        return not better and any(stem is not None for stem in stems)
    if folder.name == "anat" or folder.name.startswith(("sub-", "ses-")):  # a part of what is meant
        return False
    below = (file for entry in entries if entry.name.startswith("sub-") for file in entry.rglob("*.nii*"))
    named = (*stems, *(image_stem(file.name) for file in below))
    return any(stem is not None and parse_mask_name(stem, regions) is not None for stem in named)


def is_tree(place: Path) -> bool:
    """Tell whether a place is a folder laid out as BIDS."""
    return place.is_dir() and any(
        entry.is_dir() and (entry.name.startswith("sub-") or entry.name == "derivatives") for entry in place.iterdir()
    )


def _single(file: Path, regions: Sequence[str], *, label_map: bool) -> CaseMaskFiles:
    stem = image_stem(file.name)
    if stem is None:
        raise DataRefusedError(f"{file}: a mask that ends in .nii or .nii.gz was needed")
    name = None if label_map else parse_mask_name(stem, regions)
    return CaseMaskFiles(stem, file) if name is None else CaseMaskFiles(name.case, None, ((name.region, file),))


def _walk(root: Path) -> list[Path]:
    found = []
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(name for name in inner if not name.startswith(".") and name not in _SKIPPED)
        found += [Path(folder) / name for name in sorted(names)]
    return found


def _by_region(parsed: dict[Path, MaskName | None]) -> MaskFolder:
    files: dict[str, dict[str, list[_Named]]] = defaultdict(lambda: defaultdict(list))
    for file, name in parsed.items():
        if name is not None:
            files[name.case][name.region].append((file, name))
    cases, passed_over = [], []
    for case, of_case in sorted(_joined(files).items()):
        kept = {region: plain_first(found) for region, found in of_case.items()}
        passed_over += [file for region, found in of_case.items() for file, _ in found if file not in kept[region]]
        twice = [f"{len(found)} files for {region}: {', '.join(sorted(file.name for file in found))}"
                 for region, found in kept.items() if len(found) > 1]  # fmt: skip
        first = tuple((region, found[0]) for region, found in kept.items())
        cases.append(CaseMaskFiles(case, None, first, "; ".join(twice)))
    others = tuple(file for file, name in parsed.items() if name is None)
    return MaskFolder(tuple(cases), others, tuple(passed_over))


def _refuse_several_derivatives(place: Path, found: MaskFolder, files: Iterable[Path]) -> None:
    """Refuse a dataset with masks of one image in several derivatives, as nobody can tell which are meant."""
    inner = {file.relative_to(place).parts[:2] for file in files}
    derivatives = sorted({parts[1] for parts in inner if parts[0] == "derivatives"})
    if len(derivatives) > 1 and any(case.problem for case in found.cases):
        folders = " or ".join(str(place / "derivatives" / name) for name in derivatives)
        raise DataRefusedError(f"{place}: masks of one kind were needed, found several of one image; name {folders}")


def _joined(files: Mapping[str, Mapping[str, list[_Named]]]) -> dict[str, dict[str, list[_Named]]]:
    """Join masks of one image whose names differ in entities that are the masks' own, such as `space-` of the lesion's.

    Where every name has all the regions, each stands for a case: an image may have such an entity, too.
    """
    images: dict[Hashable, list[str]] = defaultdict(list)
    for case in files:
        images[image_key(case)].append(case)
    joined: dict[str, dict[str, list[_Named]]] = {}
    for cases in images.values():
        whole = len({frozenset(files[case]) for case in cases}) == 1
        for case in cases:
            into = joined.setdefault(case if whole else min(cases, key=len), {})
            for region, found in files[case].items():
                into.setdefault(region, []).extend(found)
    return joined


def _label_maps(named: Sequence[tuple[Path, str]]) -> MaskFolder:
    files: dict[str, list[Path]] = defaultdict(list)
    for file, stem in named:
        files[stem].append(file)
    return MaskFolder(
        tuple(
            CaseMaskFiles(case, found[0], (), "" if len(found) == 1 else "both a .nii and a .nii.gz; remove one")
            for case, found in sorted(files.items())
        )
    )
