"""Which file holds the lesions of each case: predicted or manual, a mask or a label map."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.find_masks import images_below, masks_below
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.pair_names import pair_names
from nnunet_ext.core.read_json import read_json_object

_DATASET: Final = "dataset.json"
_LESIONS: Final[tuple[str, ...]] = ("lesion", "whole")


@dataclass(frozen=True)
class LesionFile:
    """The file of a case.

    Parameters
    ----------
    path
        The file.
    values
        Label values that are lesion, in a label map; empty of a mask, where all above 0 is lesion.
    cord, cord_values
        The same for the cord; None where there is none.
    place
        Folder that it was found in, as it was given.
    ignore
        Value of a label map's voxels in which nobody has looked for lesions; None where there is none.
    """

    path: Path
    values: tuple[int, ...] = ()
    cord: Path | None = None
    cord_values: tuple[int, ...] = ()
    place: Path = Path()
    ignore: int | None = None


@dataclass(frozen=True)
class LesionFiles:
    """The file of each case that has one, and why others have none."""

    of_case: dict[str, LesionFile]
    problems: dict[str, str]


def find_lesion_files(places: Sequence[Path], cases: Iterable[str]) -> LesionFiles:
    """Find lesion masks by name, in all naming dialects of `predict` and of labs; none is opened.

    Parameters
    ----------
    places
        Folders: of masks with `lesion` or `tumor` in their names, wherever below; of label maps ``CASE.nii.gz`` with
        nnU-Net's `dataset.json` in it or above it; or a raw dataset. The first that has a case's mask is taken for it.
    cases
        Their names: BIDS stems, with or without a dataset's name before.

    Returns
    -------
    LesionFiles
        A case whose mask is unclear, as there are several, has none.

    Raises
    ------
    DataRefusedError
        Where a place is no folder, or holds no such file at all.
    """
    wanted = list(dict.fromkeys(cases))
    found: dict[str, LesionFile] = {}
    problems: dict[str, str] = {}
    for place in places:
        if not place.is_dir():
            raise DataRefusedError(f"{place}: a folder of lesion masks was needed, found none; check the path")
        labelling = _labelling(place)
        named = {} if labelling else _lesions_below(place)
        maps = _label_maps_below(place) if labelling else {}
        if not named and not maps:
            raise DataRefusedError(
                f"{place}: lesion masks were needed, such as sub-01_label-lesion_desc-T2w_mask.nii.gz, or label maps "
                f"beside nnU-Net's {_DATASET}, found none; run nnunet_ext predict, or check the path"
            )
        cords = masks_below(place, "sc") if not labelling else {}
        left = [case for case in wanted if case not in found and case not in problems]
        files, unclear = _paired(left, maps or named)
        of_cords, _ = _paired(left, cords)
        problems |= unclear
        for case, file in files.items():
            if labelling is not None:
                values = next(labelling.values[name] for name in _LESIONS if name in labelling.values)
                cord_values = labelling.values.get("sc", ())
                found[case] = LesionFile(
                    file, values, file if cord_values else None, cord_values, place, labelling.ignore
                )
            else:
                found[case] = LesionFile(file, cord=of_cords.get(case), place=place)
    return LesionFiles(found, problems)


def _label_maps_below(place: Path) -> dict[str, list[Path]]:
    """List label maps by case: of a raw dataset those alone, not its images, which have the same names."""
    own = [place / name for name in ("labelsTr", "labelsTs") if (place / name).is_dir()]
    found: dict[str, list[Path]] = {}
    for folder in own or [place]:
        for case, files in images_below(folder).items():
            found.setdefault(case, []).extend(files)
    return found


def _lesions_below(place: Path) -> dict[str, list[Path]]:
    return masks_below(place, "lesion") or masks_below(place, "whole")


def _labelling(place: Path) -> Labelling | None:
    """Read what label maps mean, where nnU-Net's description stands beside them and names a lesion."""
    for file in (place / _DATASET, place.parent / _DATASET):
        if file.is_file() and not _lesions_below(place):
            labelling = Labelling.of_dataset_json(read_json_object(file, f"nnU-Net's {_DATASET} was needed"), str(file))
            if any(name in labelling.values for name in _LESIONS):
                return labelling
    return None


def _paired(cases: Sequence[str], files: dict[str, list[Path]]) -> tuple[dict[str, Path], dict[str, str]]:
    pairs = pair_names(cases, files)
    found, problems = {}, {}
    for case, name in pairs.partners.items():
        if len(files[name]) == 1:
            found[case] = files[name][0]
        else:
            problems[case] = f"several lesion masks: {', '.join(file.name for file in files[name])}; keep one"
    for case, names in pairs.unsure.items():
        problems[case] = f"its lesion mask is unclear: {', '.join(names)}; name the contrast in the mask"
    return found, problems
