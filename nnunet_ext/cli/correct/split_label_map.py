"""A label map taken apart: a mask of each region, where nobody but the desk looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnunet_ext.core.labels import Labelling, region_mask
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.raw_dataset import FILE_ENDING
from nnunet_ext.correction.desk import key_of
from nnunet_ext.evaluation.mask_files import CaseMaskFiles


@dataclass(frozen=True)
class SplitLabelMap:
    """Takes label maps apart, each once: what stands of the same file is kept.

    Parameters
    ----------
    folder
        Where the masks go.
    labels
        What the values mean.
    """

    folder: Path
    labels: Labelling

    def __call__(self, case: CaseMaskFiles) -> Mapping[str, Path]:
        """Give a mask of each region of a case.

        Raises
        ------
        FileRefusedError
            Where the label map is damaged.
        """
        file = case.files[0]
        digest = sha256(file)
        masks = {name: self.folder / f"{key_of(case.case, name, digest)}{FILE_ENDING}" for name in self.labels.names}
        if not all(mask.is_file() for mask in masks.values()):
            volume = read_mask(file)
            for name, mask in masks.items():
                drawn = region_mask(volume.data, self.labels.values[name])
                write_mask(mask, drawn.astype(np.uint8), volume.affine, volume.forms)
        return masks
