"""What a conversion came to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.dataset_conversion.ledger import Counts


@dataclass(frozen=True)
class Conversion:
    """A finished conversion.

    Parameters
    ----------
    dataset
        The folder that was written.
    counts
        What became of its cases.
    kept
        For cases of a dataset that stood there, whose sources have changed, why they stay as they were.
    """

    dataset: RawDataset
    counts: Counts
    kept: Mapping[str, str] = field(default_factory=dict)
