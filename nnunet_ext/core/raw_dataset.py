"""nnU-Net's raw dataset folder."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.errors import FileRefusedError, UsageError
from nnunet_ext.core.orientation import RAW_AXES, sct_letters
from nnunet_ext.core.other_folder import did_you_mean
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.target import Target

FILE_ENDING: Final = ".nii.gz"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class RawDataset:
    """The folder `DatasetID_NAME` and the names of what stands in it.

    Parameters
    ----------
    folder
        Below `nnUNet_raw`.
    """

    folder: Path

    @classmethod
    def named(cls, raw: Path, number: int, name: str) -> "RawDataset":
        """Name a dataset as nnU-Net wants it.

        Raises
        ------
        UsageError
            Where nnU-Net would not find it again by this number and name.
        """
        if not 1 <= number <= 999 or not _NAME.fullmatch(name):
            raise UsageError(
                f"a number from 1 to 999 and a name of letters, digits, - and _ were needed; "
                f"found {number} and {name!r}; try: -d 501 -n CordLesion"
            )
        return cls(raw / f"Dataset{number:03d}_{name}")

    def image(self, case: str, split: str, channel: int = 0) -> Path:
        """Name a case's image; `split` is `train`, or anything else for the images that are not trained on."""
        return self.folder / ("imagesTr" if split == "train" else "imagesTs") / f"{case}_{channel:04d}{FILE_ENDING}"

    def label(self, case: str, split: str) -> Path:
        """Name a case's label map."""
        return self.folder / ("labelsTr" if split == "train" else "labelsTs") / f"{case}{FILE_ENDING}"

    def write_dataset_json(
        self,
        target: Target,
        training_cases: int,
        *,
        ignore: bool = False,
        training: Sequence[str] = (),
        test: Sequence[str] = (),
    ) -> None:
        """Write `dataset.json`: labels in order, the reader that raises on damaged files, the orientation.

        Parameters
        ----------
        ignore
            Whether a label map holds `target.ignore`, for a class that was not annotated.
        training, test
            Names of cases, for readers of the Medical Segmentation Decathlon's lists such as MONAI's
            `load_decathlon_datalist`; nnU-Net lists the folders instead.
        """
        keys = target.nnunet_keys(ignore=ignore)
        channels = len(keys["channel_names"])
        content: dict[str, Any] = {
            **keys,
            "numTraining": training_cases,
            "file_ending": FILE_ENDING,
            # nnU-Net's default reader, SimpleITK, takes truncated files and NaN in silence.
            "overwrite_image_reader_writer": "NibabelIO",
            "image_orientation": sct_letters(RAW_AXES),
            "image_axes_nibabel": RAW_AXES,
            "target": target.name,
        }
        if training or test:
            content["training"] = [
                {
                    "image": self._images(case, "train", channels),
                    "label": self._relative(self.label(case, "train")),
                }
                for case in training
            ]
            content["test"] = [self._images(case, "test", channels) for case in test]
        write_json(self.folder / "dataset.json", content)

    def _images(self, case: str, split: str, channels: int) -> str | list[str]:
        images = [self._relative(self.image(case, split, channel)) for channel in range(channels)]
        return images[0] if channels == 1 else images

    def _relative(self, file: Path) -> str:
        return f"./{file.relative_to(self.folder).as_posix()}"

    def read_dataset_json(self) -> dict[str, Any]:
        """Read `dataset.json`.

        Raises
        ------
        FileRefusedError
            Where it is missing or no JSON object.
        """
        path, needed = self.folder / "dataset.json", "a raw dataset's dataset.json was needed"
        if not path.is_file():
            meant = did_you_mean(self.folder, lambda folder: (folder / path.name).is_file())
            raise FileRefusedError(path, f"{needed}, and is not there{meant}")
        return read_json_object(path, needed)

    def write_splits(self, folds: Sequence[Mapping[str, Sequence[str]]]) -> None:
        """Write `splits_final.json`: for each fold the cases under `train` and `val`. nnU-Net copies it."""
        content = [{part: list(fold[part]) for part in ("train", "val")} for fold in folds]
        write_json(self.folder / "splits_final.json", content)
