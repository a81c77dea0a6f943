"""The cases of a raw dataset, each with its predicted cord, and whether the network that made it had seen the case."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.dataset_files.folds import Folds
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.names import FIRST_CHANNEL
from nnunet_ext.core.other_folder import did_you_mean
from nnunet_ext.core.raw_dataset import FILE_ENDING, RawDataset

_FIRST_CHANNEL: Final = f"{FIRST_CHANNEL}{FILE_ENDING}"
_FOLD: Final = "fold_"
_SHOWN: Final = 5


@dataclass(frozen=True)
class PredictedCord:
    """A cord mask that a network predicted.

    Parameters
    ----------
    file
        Where it lies. Values above 0 are cord, whatever else the localizer tells apart.
    fold
        Of the network, such as `0`; empty where its folder does not say.
    """

    file: Path
    fold: str = ""


@dataclass(frozen=True)
class SourceCase:
    """A case of the dataset that is boxed.

    Parameters
    ----------
    split
        `train`, or anything else for what is not trained on.
    images
        Files of its channels, in order.
    label
        File of its label map, None where it has none.
    cord
        Its predicted cord, None where there is none.
    """

    case: str
    split: str
    images: tuple[Path, ...]
    label: Path | None
    cord: PredictedCord | None


def has_folds(folder: Path) -> bool:
    """Tell whether this is a folder of nnU-Net's results, `TRAINER__PLANS__CONFIGURATION`."""
    return any(folder.glob(f"{_FOLD}*/validation"))


def find_cords(folders: Sequence[Path]) -> dict[str, PredictedCord]:
    """Find the predicted cord of each case.

    Parameters
    ----------
    folders
        Each one of nnU-Net's results, of which the `validation` folder of every fold is taken: the predictions of
        cases that the fold did not train on; or one with `CASE.nii.gz`, as `nnUNetv2_predict` leaves them.

    Raises
    ------
    DataRefusedError
        Where a folder holds no prediction, or two hold one of the same case.
    """
    found: dict[str, PredictedCord] = {}
    for folder in folders:
        cords = _cords_in(folder)
        if not cords:
            raise DataRefusedError(
                f"{folder}: predicted cords were needed, as CASE{FILE_ENDING} or in {_FOLD}*/validation, and there are "
                f"none; run nnUNetv2_train for each fold of the localizer, or nnUNetv2_predict"
                f"{did_you_mean(folder, has_folds)}"
            )
        for case, cord in cords:
            if case in found:
                raise DataRefusedError(
                    f"one prediction for each case was needed, found two of {case}: {found[case].file} and {cord.file}"
                )
            found[case] = cord
    return found


def source_cases(
    source: RawDataset, content: Mapping[str, Any], cords: Mapping[str, PredictedCord]
) -> list[SourceCase]:
    """List what there is to box of a raw dataset: training cases first, each set sorted by name.

    Raises
    ------
    DataRefusedError
        Where the images lie elsewhere or are of another format, a channel or a training label is missing, or no
        training case has a cord.
    """
    _refuse_other_layouts(source, content)
    channels = len(content["channel_names"])
    cases = []
    for split in ("train", "test"):
        folder = source.image("case", split).parent
        for first in sorted(folder.glob(f"[!.]*{_FIRST_CHANNEL}")):
            cases.append(_source_case(source, first.name.removesuffix(_FIRST_CHANNEL), split, channels, cords))
    training = [case for case in cases if case.split == "train"]
    missing = [case.case for case in training if case.label is None]
    if missing or not training:
        raise DataRefusedError(
            f"{source.folder}: training cases with their labels were needed; of {len(training)} in imagesTr "
            f"{len(missing)} have none in labelsTr: {', '.join(missing[:_SHOWN]) or 'n/a'}"
        )
    if all(case.cord is None for case in training):
        raise DataRefusedError(
            f"{source.folder}: of its {len(training)} training cases, the first {training[0].case}, none has a "
            f"predicted cord in the folders given with --cords; their files need the names of the cases"
        )
    return cases


def refuse_seen_cases(cords: Mapping[str, PredictedCord], cases: Collection[str], folds: Folds, splits: Path) -> None:
    """Refuse cords that were predicted by a network that trained on their case: its boxes would be too good.

    Parameters
    ----------
    cords
        Of `find_cords`; those without a fold are passed over, as nothing is known of them.
    cases
        Those that are to be boxed.
    folds
        What the localizer was trained on.
    splits
        The file that says so, for messages.

    Raises
    ------
    DataRefusedError
        Naming the first such cases.
    """
    seen = [f"{case} (fold {cords[case].fold})" for case in sorted(set(cases) & set(cords)) if _saw(cords, case, folds)]
    if seen:
        raise DataRefusedError(
            f"cords from networks that had not seen the case were needed, and by {splits} {len(seen)} were predicted "
            f"by the fold that trained on them: {', '.join(seen[:_SHOWN])}; train the folds by these splits, "
            f"or take these cords all the same with --no-oof-check"
        )


def _cords_in(folder: Path) -> list[tuple[str, PredictedCord]]:
    if not has_folds(folder):
        return [(_case(file), PredictedCord(file)) for file in sorted(folder.glob(f"[!.]*{FILE_ENDING}"))]
    files = sorted(folder.glob(f"{_FOLD}*/validation/[!.]*{FILE_ENDING}"))
    return [(_case(file), PredictedCord(file, file.parents[1].name.removeprefix(_FOLD))) for file in files]


def _case(file: Path) -> str:
    return file.name.removesuffix(FILE_ENDING)


def _saw(cords: Mapping[str, PredictedCord], case: str, folds: Folds) -> bool:
    fold = cords[case].fold
    if not fold:
        return False
    # Fold `all`, and one that nnU-Net draws itself beyond those listed: trained on most of what there is.
    return not fold.isdigit() or int(fold) >= len(folds) or case in folds[int(fold)]["train"]


def _source_case(
    source: RawDataset, case: str, split: str, channels: int, cords: Mapping[str, PredictedCord]
) -> SourceCase:
    images = tuple(source.image(case, split, channel) for channel in range(channels))
    for image in images:
        if not image.exists():
            raise DataRefusedError(f"{image}: dataset.json names {channels} channels, and this one is not there")
    label = source.label(case, split)
    return SourceCase(case, split, images, label if label.exists() else None, cords.get(case))


def _refuse_other_layouts(source: RawDataset, content: Mapping[str, Any]) -> None:
    where = source.folder / "dataset.json"
    if "dataset" in content:  # nnU-Net then reads the files listed there, and would train on images without a box
        raise DataRefusedError(f"{where}: images in imagesTr were needed, and it lists files under the key `dataset`")
    if content.get("file_ending") != FILE_ENDING:
        raise DataRefusedError(f"{where}: file_ending {FILE_ENDING} was needed, found {content.get('file_ending')}")
    if not isinstance(content.get("channel_names"), dict) or not isinstance(content.get("labels"), dict):
        raise DataRefusedError(f"{where}: channel_names and labels were needed, as nnU-Net v2 has them")
