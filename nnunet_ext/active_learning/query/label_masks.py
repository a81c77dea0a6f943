"""The label of a case as masks on the image that it was converted from."""

from pathlib import Path

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.grid import on_grid
from nnunet_ext.core.labels import Labelling, Masks, region_mask
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.raw_dataset import RawDataset


def label_masks(dataset: RawDataset, case: str, image: Path) -> Masks:
    """Read a training case's label, and turn it to the axes of its image.

    Parameters
    ----------
    dataset
        The labelled dataset.
    case
        One of its training cases.
    image
        That it was converted from: its first channel.

    Returns
    -------
    dict
        For each region its voxels, shape (i, j, k), in the axes of the image's file.

    Raises
    ------
    FileRefusedError
        Where image or label cannot be read, nobody annotated a part of the label, so that masks could not say all of
        it, or it lies on another grid, as that of a resampled case does.
    """
    label = dataset.label(case, "train")
    turned, _ = on_grid(read_mask(label), read_volume(image), label, "image")
    labels = Labelling.of_dataset_json(dataset.read_dataset_json())
    if labels.ignore is not None and (turned.data == labels.ignore).any():
        raise FileRefusedError(label, "a label that is annotated throughout was needed, and a part of it is ignored")
    return {name: region_mask(turned.data, values) for name, values in labels.regions}
