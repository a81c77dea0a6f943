"""A few images with a cord, and a scorer that is a rule: several passes that differ by a known amount."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nnunet_ext.active_learning.scores.score_case import Scorer
from nnunet_ext.active_learning.scores.score_pool import PoolImage
from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.prediction.opinions import OpinionSums, PassKind
from nnunet_ext.cascade.prediction.post_processing import PostProcessing
from nnunet_ext.cascade.prediction.predict_case import CaseOptions
from nnunet_ext.cascade.prediction.read_images import InputCase
from nnunet_ext.cascade.prediction.segmentation import Segmentation
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.nifti_write import write_image
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.target import load_target
from nnunet_ext.core.volume import Array, Volume
from tests.cascade.prediction.stand_in import CORD_ABOVE, Threshold

AFFINE = np.diag([1.0, 1.0, 3.0, 1.0])
REGIONS = Labelling.of_target(load_target("cord-lesion"))
CORD = (slice(6, 14), slice(6, 14), slice(1, 11))
LESION = (slice(8, 11), slice(8, 11), slice(4, 6))


@dataclass
class Opinionated(Threshold):
    """The rule of `Threshold`, as passes that are less and less sure of the lesion.

    Parameters
    ----------
    sure
        For each pass the probability that it gives to what is brighter than a lesion; the cord has 0.99.
    """

    sure: Sequence[float] = field(default=(0.9, 0.3))

    def segment(self, images: Sequence[Volume], boxes: Sequence[Box] = ()) -> Segmentation:
        found = super().segment(images, boxes)
        sums = OpinionSums(PassKind.FOLDS, len(self.sure))
        for sure in self.sure:
            certain = {"sc": 0.99, "lesion": sure}
            sums.add({name: mask.astype(np.float32) * np.float32(certain[name]) for name, mask in found.masks.items()})
        return Segmentation(found.masks, {}, {}, sums.told())


def scorer(segmenter: Threshold | None = None, model: str = "a" * 64) -> Scorer:
    options = CaseOptions(REGIONS, PostProcessing())
    return Scorer(Opinionated() if segmenter is None else segmenter, None, options, model)


def scan(*lesions: tuple[slice, ...], seed: int = 1, shape: tuple[int, int, int] = (20, 20, 12)) -> Array:
    """Draw a cord with lesions in noise."""
    values = np.random.default_rng(seed).uniform(10, 60, shape).astype(np.float32)
    values[CORD] += CORD_ABOVE
    for lesion in lesions:
        values[lesion] = 250
    return values


def write_pool(folder: Path, images: dict[str, Array]) -> list[PoolImage]:
    """Write images of a pool, one of each subject."""
    pool = []
    for name, data in images.items():
        file = folder / f"sub-{name}" / "anat" / f"sub-{name}_T2w.nii.gz"
        write_image(file, data, AFFINE)
        about = {
            "case": f"lab_sub-{name}_T2w",
            "dataset": "lab",
            "subject": f"sub-{name}",
            "session": "n/a",
            "site": "north",
            "contrast": "T2w",
            "image": f"sub-{name}/anat/{file.name}",
            "image_sha256": sha256(file),
        }
        pool.append(PoolImage(about, InputCase(about["case"], (file,), (file.name,))))
    return pool
