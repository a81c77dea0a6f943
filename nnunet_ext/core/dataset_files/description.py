"""What a raw dataset says of itself, beside its images and label maps."""

import shutil
from collections.abc import Collection
from typing import Final

from nnunet_ext.core.raw_dataset import RawDataset

CASES: Final = "cases.tsv"
QUALITY: Final = "qc.tsv"
RECORD: Final = "conversion.json"
DATASET_JSON: Final = "dataset.json"
SPLITS: Final = "splits_final.json"
BOXED: Final = "crop.json"
"""Record of a dataset that was boxed from another."""

SOURCE_FINGERPRINT: Final = "source_fingerprint"
"""Key of that record: the fingerprint of the other when it was boxed."""

DESCRIPTION: Final = (DATASET_JSON, SPLITS, CASES, "cases.json", QUALITY, "qc.json", RECORD)
"""All of it. Pages and logs are none: they are made of it."""


def copy_description(source: RawDataset, dataset: RawDataset, *, but: Collection[str] = ()) -> None:
    """Copy a dataset's tables and records, all that there are, into one that is derived from it.

    Parameters
    ----------
    source, dataset
        Where they stand, and where they go.
    but
        Those that the derived dataset writes itself.
    """
    for name in DESCRIPTION:
        if name not in but and (source.folder / name).is_file():
            shutil.copyfile(source.folder / name, dataset.folder / name)


def is_ours(dataset: RawDataset) -> bool:
    """Tell whether `convert` or `crop-dataset` made a dataset, which then says all of itself."""
    return any((dataset.folder / record).is_file() for record in (RECORD, BOXED))
