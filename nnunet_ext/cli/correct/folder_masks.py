"""The masks of a folder that is to be corrected, whatever left it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.names import image_stem, parse_mask_name
from nnunet_ext.core.other_folder import did_you_mean
from nnunet_ext.core.target import load_target
from nnunet_ext.evaluation.label_maps import holds_label_maps, labelling_of
from nnunet_ext.evaluation.mask_files import LABEL_FOLDERS, CaseMaskFiles, MaskFolder, find_masks, is_tree

_TARGET: Final = "cord-lesion"


@dataclass(frozen=True)
class FolderMasks:
    """What there is to correct.

    Parameters
    ----------
    cases
        By name, sorted.
    labels
        What is drawn, and what the values of label maps mean.
    regions
        Names of those regions that some case has; of all, where no case has any.
    passed_over
        Masks of one rater or another, beside one that is nobody's own.
    """

    cases: tuple[CaseMaskFiles, ...]
    labels: Labelling
    regions: tuple[str, ...]
    passed_over: tuple[Path, ...] = ()


def folder_masks(folder: Path, target: str | None) -> FolderMasks:
    """List the masks of a folder in the dialects that `evaluate` reads, or of a raw dataset; none is opened.

    Raises
    ------
    DataRefusedError
        Where masks of one image lie in several derivatives, or masks lie below folders that are no subjects'.
    """
    labels = labelling_of(folder, target) or Labelling.of_target(load_target(_TARGET))
    parts = [folder / name for name in LABEL_FOLDERS if (folder / name).is_dir()] or [folder]
    found = [_masks_in(part, labels) for part in parts]
    cases = tuple(case for one in found for case in one.cases)
    there = {region for case in cases for region, _ in case.regions}
    if any(case.label_map is not None for case in cases) or not there:
        there = set(labels.names)
    regions = tuple(name for name in labels.names if name in there)
    return FolderMasks(cases, labels, regions, tuple(file for one in found for file in one.passed_over))


def _masks_in(place: Path, labels: Labelling) -> MaskFolder:
    label_maps = holds_label_maps(place)
    if not label_maps and not any(_is_mask(file, labels) for file in place.iterdir()):
        below = any(_is_mask(file, labels) for file in place.rglob("*"))
        if not below:
            return MaskFolder(())
        if not is_tree(place):
            meant = did_you_mean(place, lambda folder: any(_is_mask(file, labels) for file in folder.iterdir()))
            raise DataRefusedError(
                f"{place}: masks in the folder itself, or below folders such as sub-01, were needed, found some in "
                f"other folders below{meant}"
            )
    return find_masks(place, list(labels.names), label_maps=label_maps)


def _is_mask(file: Path, labels: Labelling) -> bool:
    stem = image_stem(file.name)
    return stem is not None and parse_mask_name(stem, labels.names) is not None
