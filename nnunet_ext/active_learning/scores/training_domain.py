"""The domain of a labelled dataset."""

import logging
from collections.abc import Iterator
from typing import Final

import numpy as np

from nnunet_ext.active_learning.scores.domain_distance import Domain
from nnunet_ext.active_learning.scores.fingerprint import Fingerprint, fingerprint
from nnunet_ext.cascade.prediction.read_images import InputCase, read_images
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.labels import CORD, Labelling, region_mask
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.raw_dataset import FILE_ENDING, RawDataset

_LOG: Final = logging.getLogger(__name__)


def training_domain(dataset: RawDataset) -> Domain:
    """Read every training image with its label, one at a time, and take their domain.

    A damaged case is left out with a warning: it can be in no training either.

    Raises
    ------
    DataRefusedError
        Where no training case can be read.
    """
    return Domain.of(list(_fingerprints(dataset)))


def _fingerprints(dataset: RawDataset) -> Iterator[Fingerprint]:
    content = dataset.read_dataset_json()
    regions, channels = Labelling.of_dataset_json(content), len(content["channel_names"])
    for label in sorted(dataset.label("case", "train").parent.glob(f"[!.]*{FILE_ENDING}")):
        case = label.name.removesuffix(FILE_ENDING)
        images = tuple(dataset.image(case, "train", channel) for channel in range(channels))
        try:
            volumes = read_images(InputCase(case, images, tuple(file.name for file in images))).volumes
            drawn = read_mask(label).data
            cord = region_mask(drawn, regions.values[CORD]) if CORD in regions.names else drawn > 0
            yield fingerprint(volumes, np.asarray(cord))
        except FileRefusedError as error:
            _LOG.warning("left out of what training images are like: %s", error)
