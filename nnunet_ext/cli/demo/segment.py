"""Predicting the held-out patients, and single images that the user named."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.cli.demo.nnunet_process import NnunetProcess
from nnunet_ext.cli.demo.steps import Tell
from nnunet_ext.cli.demo.workspace import CONFIGURATION, DATASET_NUMBER, PLANS, Workspace
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.orientation import RAW_AXES, reorient
from nnunet_ext.core.raw_dataset import FILE_ENDING
from nnunet_ext.core.target import Target
from nnunet_ext.core.volume import Volume

_CHANNEL = f"_0000{FILE_ENDING}"


@dataclass(frozen=True)
class SingleImage:
    """An image that the user named on the command line, to predict without a reference.

    Parameters
    ----------
    case
        Its name among the predictions.
    file
        Where it lies.
    refused
        Why it cannot be used; empty where it can.
    """

    case: str
    file: Path
    refused: str = ""


def check_images(files: Sequence[Path]) -> list[SingleImage]:
    """Name the images, and read each to its end before hours of work depend on it.

    Raises
    ------
    DataRefusedError
        Where there is no such file: that is a typing error, and better told at once.
    """
    images = []
    for number, file in enumerate(files, start=1):
        if not file.is_symlink() and not file.exists():
            raise DataRefusedError(f"--image {file}: an image was needed and there is no such file")
        case = f"image{number}_{re.sub(r'[^0-9A-Za-z]+', '-', file.name.removesuffix('.gz').removesuffix('.nii'))}"
        try:
            read_volume(file)
        except FileRefusedError as error:
            images.append(SingleImage(case, file, error.reason))
        else:
            images.append(SingleImage(case, file))
    return images


def predict(
    work: Workspace, process: NnunetProcess, trainer: str, device: str, images: Sequence[SingleImage], tell: Tell
) -> None:
    """Predict with stock `nnUNetv2_predict`; finished predictions of an interrupted run are verified, then kept."""
    cases = _gather(work, images)
    finished = {case for case in cases if _verified(work.predictions / f"{case}{FILE_ENDING}")}

    def hear(_: str) -> None:
        done = sum((work.predictions / f"{case}{FILE_ENDING}").exists() for case in cases)
        tell(done / len(cases), f"{done} of {len(cases)} images")

    if len(finished) < len(cases):
        arguments = ["-i", str(work.to_predict), "-o", str(work.predictions), "-d", str(DATASET_NUMBER)]
        arguments += ["-c", CONFIGURATION, "-p", PLANS, "-tr", trainer, "-f", "0", "-device", device]
        # Sequential: starting worker processes takes longer than a small network needs for these images.
        arguments += ["-npp", "0", "-nps", "0", "--disable_tta", "--continue_prediction"]
        process.run("nnUNetv2_predict", arguments, hear)
    missing = [case for case in cases if not _verified(work.predictions / f"{case}{FILE_ENDING}")]
    if missing:
        raise DataRefusedError(
            f"{work.predictions}: nnU-Net left no sound prediction for {', '.join(missing)}; run the same command again"
        )


def put_back(work: Workspace, image: SingleImage, target: Target) -> dict[str, Path]:
    """Write a single image's regions as masks on the grid of its own file.

    Returns
    -------
    dict
        The file of each region.
    """
    own = read_volume(image.file)
    predicted = read_mask(work.predictions / f"{image.case}{FILE_ENDING}")
    turned = reorient(Volume(predicted.data, predicted.affine), own.axes)
    files = {}
    for region, mask in target.region_masks(turned.data).items():
        files[region] = work.images / f"{image.case}_{region}{FILE_ENDING}"
        write_mask(files[region], mask, own.affine)
    return files


def _gather(work: Workspace, images: Sequence[SingleImage]) -> list[str]:
    """Lay all images to predict into one folder, as one start of nnU-Net costs more than an image."""
    work.to_predict.mkdir(parents=True, exist_ok=True)
    test_images = work.dataset.folder / "imagesTs"
    for file in sorted(test_images.glob(f"*{_CHANNEL}")):
        shutil.copyfile(file, work.to_predict / file.name)
    for image in images:
        if not image.refused:
            turned = reorient(read_volume(image.file), RAW_AXES)
            write_image(work.to_predict / f"{image.case}{_CHANNEL}", turned.data, turned.affine)
    return sorted(file.name.removesuffix(_CHANNEL) for file in work.to_predict.glob(f"*{_CHANNEL}"))


def _verified(file: Path) -> bool:
    """Tell whether a prediction is whole; nnU-Net itself only looks whether a file of that name is there."""
    if not file.exists():
        return False
    try:
        read_mask(file)
    except FileRefusedError:
        file.unlink()
        return False
    return True
