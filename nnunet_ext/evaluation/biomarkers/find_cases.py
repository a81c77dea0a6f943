"""The cases of an input: lesion masks, each with all that belongs to it, paired by whole name."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.find_masks import Kind, case_of_mask, images_below, masks_below
from nnunet_ext.core.labels import CORD, Labelling
from nnunet_ext.core.names import image_stem
from nnunet_ext.core.other_folder import did_you_mean
from nnunet_ext.core.pair_names import pair_names
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.target import load_target
from nnunet_ext.evaluation.mask_files import LABEL_FOLDERS, holds_masks

_DATASET: Final = "dataset.json"
_TARGET: Final = "cord-lesion"
_SHOWN: Final = 5


@dataclass(frozen=True)
class Sources:
    """Where to look: a file or a folder each.

    Parameters
    ----------
    lesion
        Lesion masks, or label maps.
    cord, image, probability
        What belongs to them; None where there is none. Without a cord it is looked for beside the lesions, by name.
    folds
        Lesion masks of the same cases by other folds.
    label_maps
        Whether the masks are label maps even where no `dataset.json` says so.
    """

    lesion: Path
    cord: Path | None = None
    image: Path | None = None
    probability: Path | None = None
    folds: tuple[Path, ...] = ()
    label_maps: bool = False


@dataclass(frozen=True)
class CaseInput:
    """The files of a case.

    Parameters
    ----------
    case
        Its name: that of the image, or nnU-Net's identifier.
    lesion
        Lesion mask, or label map.
    cord, image, probability, folds
        What belongs to it.
    labels
        Of a label map; None for a mask.
    reason
        Why it cannot be measured; empty where it can.
    notes
        What else there is to say.
    """

    case: str
    lesion: Path
    cord: Path | None = None
    image: Path | None = None
    probability: Path | None = None
    folds: tuple[Path, ...] = ()
    labels: Labelling | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()


def find_lesion_cases(sources: Sources) -> list[CaseInput]:
    """List the cases by name; no image is opened.

    Raises
    ------
    DataRefusedError
        Where there is nothing to measure.
    UsageError
        Where one file is given for many cases.
    """
    given = {"--lesion": sources.lesion, "--cord": sources.cord, "--image": sources.image}
    for flag, path in {**given, "--probability": sources.probability}.items():
        if path is not None and not path.exists():
            raise DataRefusedError(f"{flag}: there is nothing at {path}; check the path")
    labels = _labels(sources)
    lesions = _lesions(sources, labels is not None)
    beside = _beside(sources) if sources.cord is None and labels is None else None
    cords = {} if labels is not None else _index("--cord", sources.cord or beside, lesions, "sc", beside)
    images = _index("--image", sources.image, lesions, "image")
    probabilities = _index("--probability", sources.probability, lesions, "probability")
    folds = [_index("--folds", fold, lesions, "lesion") for fold in sources.folds]
    cases = []
    for name, files in sorted(lesions.items()):
        case = CaseInput(name, files[0], labels=labels)
        if len(files) > 1:
            cases.append(replace(case, reason=f"several lesion masks of this name: {_names(files)}; keep one"))
            continue
        case = _with_cord(case, cords, sources.cord is not None)
        case = _with(case, "image", images, sources.image)
        case = _with(case, "probability", probabilities, sources.probability)
        cases.append(_with_folds(case, folds))
    return cases


def _lesions(sources: Sources, label_maps: bool) -> dict[str, list[Path]]:
    path = sources.lesion
    if path.is_file():
        name = None if label_maps else case_of_mask(path.name, "lesion")
        return {name or image_stem(path.name) or path.name: [path]}
    named = {} if label_maps else masks_below(path, "lesion")
    found = named or ({} if _is_whole_dataset(path) else images_below(path))
    if not found:
        raise DataRefusedError(
            f"{path}: lesion masks were needed (CASE.nii.gz, or such as sub-01_T2w_label-lesion_seg.nii.gz), found none"
            f"{did_you_mean(path, lambda folder: holds_masks(folder, ['lesion']))}"
        )
    return found


def _is_whole_dataset(folder: Path) -> bool:
    """Tell whether images and more stand below a folder, so that not all of it are masks."""
    entries = list(folder.iterdir())
    inner = [entry.name for entry in entries if entry.is_dir()]
    whole = any(name in LABEL_FOLDERS or name in ("imagesTr", "imagesTs", "derivatives") for name in inner)
    return whole and not any(image_stem(entry.name) for entry in entries)


def _labels(sources: Sources) -> Labelling | None:
    """Say what the values of label maps stand for; None where the input holds masks."""
    path = sources.lesion
    folder = path if path.is_dir() else path.parent
    if not sources.label_maps:
        # A map with names of masks would be ambiguous: names win.
        named = case_of_mask(path.name, "lesion") if path.is_file() else masks_below(path, "lesion")
        if sources.cord is not None or named:
            return None
    for file in (folder / _DATASET, folder.parent / _DATASET):
        if file.is_file():
            content = read_json_object(file, f"nnU-Net's {_DATASET} was needed")
            named = content.get("labels")
            if isinstance(named, dict) and {CORD, "lesion"} <= set(named):
                return Labelling.of_dataset_json(content, str(file))
            if sources.label_maps:
                raise DataRefusedError(f"{file}: the labels `sc` and `lesion` were needed; found neither or one")
            return None
    return Labelling.of_target(load_target(_TARGET)) if sources.label_maps else None


def _beside(sources: Sources) -> Path | None:
    """Look for cords among the lesions, where these are named as a lab names them."""
    path = sources.lesion
    folder = path if path.is_dir() else path.parent
    return folder if masks_below(folder, "sc") else None


def _index(
    flag: str, path: Path | None, lesions: Mapping[str, list[Path]], what: str, beside: Path | None = None
) -> dict[str, list[Path]]:
    if path is None:
        return {}
    if path.is_file():
        if len(lesions) > 1:
            raise UsageError(f"{flag} {path.name}: one file, and {len(lesions)} lesion masks; give a folder")
        return {name: [path] for name in lesions}
    if not path.is_dir():
        raise DataRefusedError(f"{flag}: there is nothing at {path}; check the path")
    if what == "image":
        return _of_cases(images_below(path), lesions)
    kind: Kind = "probseg" if what == "probability" else "mask"
    named = masks_below(path, "sc" if what == "sc" else "lesion", kind)
    # Files that are named by their cases alone; beside the lesions such a file would be an image.
    of_cases = _of_cases(named, lesions)
    return of_cases if path == beside or of_cases else _of_cases(images_below(path), lesions)


def _of_cases(index: Mapping[str, list[Path]], lesions: Mapping[str, list[Path]]) -> dict[str, list[Path]]:
    """Give the files by the names of the lesions' cases; where it is unclear, all that may belong to a case."""
    named = pair_names(lesions, index)
    meant = {**named.unsure, **{case: (partner,) for case, partner in named.partners.items()}}
    return {case: [file for name in names for file in index[name]] for case, names in meant.items()}


def _with_cord(case: CaseInput, cords: Mapping[str, list[Path]], asked: bool) -> CaseInput:
    found = cords.get(case.case, [])
    if len(found) > 1:
        return replace(case, reason=f"several cord masks of this name: {_names(found)}; keep one")
    if found:
        return replace(case, cord=found[0])
    if asked:
        return replace(case, reason="no cord mask of this name was found where --cord says")
    return case if case.labels is not None else replace(case, notes=("no cord mask was found: volumes only",))


def _with(case: CaseInput, what: str, index: Mapping[str, list[Path]], source: Path | None) -> CaseInput:
    found = index.get(case.case, [])
    if source is None or case.reason:
        return case
    if len(found) == 1:
        return CaseInput(**{**vars(case), what: found[0]})
    problem = f"several files: {_names(found)}" if found else "no file"
    return replace(case, reason=f"{problem} of this name where --{what} says")


def _with_folds(case: CaseInput, folds: list[dict[str, list[Path]]]) -> CaseInput:
    found = [fold.get(case.case, []) for fold in folds]
    missing = [str(at) for at, files in enumerate(found) if len(files) != 1]
    note = (f"without one mask of this name, and left out: --folds number {', '.join(missing)}",) if missing else ()
    kept = tuple(files[0] for files in found if len(files) == 1)
    return replace(case, folds=kept, notes=(*case.notes, *note))


def _names(files: list[Path]) -> str:
    more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    return ", ".join(file.name for file in files[:_SHOWN]) + more
