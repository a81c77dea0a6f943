"""Images that the user named on the command line, to predict without a reference."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.names import ENDINGS
from nnunet_ext.core.nifti_read import read_volume


@dataclass(frozen=True)
class SingleImage:
    """An image: its name among the predictions, and why it cannot be predicted, empty where it can."""

    case: str
    file: Path
    refused: str = ""

    def copy_to(self, folder: Path) -> None:
        """Lay the file, as it is, among those to predict, under a name that no other has."""
        folder.mkdir(parents=True, exist_ok=True)
        ending = next(ending for ending in ENDINGS if self.file.name.endswith(ending))
        shutil.copyfile(self.file, folder / f"{self.case}{ending}")


def check_images(files: Sequence[Path]) -> list[SingleImage]:
    """Name the images, and read each to its end before hours of work depend on it.

    Raises
    ------
    DataRefusedError
        Where there is no such file, or it is no NIfTI file by its name: that is a typing error, and better told at
        once.
    """
    images = []
    for number, file in enumerate(files, start=1):
        if not (file.is_symlink() or file.exists()) or not file.name.endswith(ENDINGS):
            raise DataRefusedError(f"--image {file}: a NIfTI image was needed and there is no such file")
        stem = file.name.removesuffix(".gz").removesuffix(".nii")
        case = f"image{number}_{re.sub(r'[^0-9A-Za-z]+', '-', stem)}"
        try:
            read_volume(file)
        except FileRefusedError as error:
            images.append(SingleImage(case, file, error.reason))
        else:
            images.append(SingleImage(case, file))
    return images
