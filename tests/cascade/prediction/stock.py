"""The unmodified `nnUNetv2_predict`, on several models in one process: its imports cost most."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.core.environment import FOLDERS
from nnunet_ext.core.nifti_write import write_image
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume
from tests.cascade.prediction.tiny_model import TinyModel
from tests.nnunet_server import run_nnunet

_RUN = """
import json, sys
from nnunetv2.inference.predict_from_raw_data import predict_entry_point
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["nnUNetv2_predict", *arguments]
    predict_entry_point()
"""


@dataclass(frozen=True)
class StockCase:
    """Images to be predicted by a model.

    Parameters
    ----------
    model
        To predict with.
    images
        One for each channel.
    mirroring
        Whether the mean over mirrored images is taken.
    turned_to
        Axes to which a careful user turns the images before, as nnU-Net itself does not.
    """

    model: TinyModel
    images: tuple[Volume, ...]
    mirroring: bool = False
    turned_to: str | None = None


def predict_with_stock(cases: dict[str, StockCase], folder: Path) -> None:
    """Write models, images and the masks that nnU-Net draws."""
    runs = []
    for number, (name, case) in enumerate(cases.items(), start=900):
        at = folder / name
        dataset = f"Dataset{number}_Tiny"
        (folder / "results" / dataset).mkdir(parents=True)
        (folder / "results" / dataset / "nnUNetTrainer__nnUNetPlans__tiny").symlink_to(case.model.write(model_of(at)))
        for channel, image in enumerate(case.images):
            turned = image if case.turned_to is None else reorient(image, case.turned_to)
            write_image(at / "in" / f"case_{channel:04d}.nii.gz", turned.data, turned.affine)
        runs.append(_arguments(case, at, dataset))
    environment = {**os.environ, **{variable: str(folder / "results") for variable in FOLDERS}}
    done = run_nnunet(["-c", _RUN, json.dumps(runs)], environment)
    assert done.returncode == 0, done.stdout


def model_of(case: Path) -> Path:
    """Say where in a case's folder the model is."""
    return case / "model"


def mask_of(case: Path) -> Path:
    """Say where in a case's folder the mask is."""
    return case / "out" / "case.nii.gz"


def _arguments(case: StockCase, at: Path, dataset: str) -> Sequence[str]:
    folders = ["-i", str(at / "in"), "-o", str(at / "out"), "-d", dataset, "-c", "tiny"]
    folds = ["-f", *map(str, range(case.model.folds))]
    how = ["-device", "cpu", "-npp", "0", "-nps", "0", "--disable_progress_bar"]
    return [*folders, *folds, *how, *([] if case.mirroring else ["--disable_tta"])]
