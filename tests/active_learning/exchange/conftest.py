"""A pool of two small datasets with predictions, made on the fly."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.active_learning.exchange.chosen_case import ChosenCase
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.volume import Affine

SHAPE = (12, 10, 6)
GRID: Affine = np.array([[-0.5, 0, 0, 20], [0, 0.5, 0, -30], [0, 0, 3.0, 40], [0, 0, 0, 1]])

Choose = Callable[..., ChosenCase]


@pytest.fixture
def choose(tmp_path: Path) -> Choose:
    """Make a case of the pool: an image below `pool/DATASET`, and a mask of cord and lesion below `predicted`."""

    def make(dataset: str, image: str, rater: str = "", reason: str = "sure of little") -> ChosenCase:
        stem = Path(image).name.removesuffix(".nii.gz")
        file = tmp_path / "pool" / dataset / image
        masks = {region: tmp_path / "predicted" / f"{dataset}_{stem}_{region}.nii.gz" for region in ("sc", "lesion")}
        if not file.exists():
            seed = np.random.default_rng(len(stem) + sum(map(ord, dataset + stem)))
            write_image(file, seed.integers(0, 900, SHAPE, dtype=np.int16), GRID)
            cord = np.zeros(SHAPE, dtype=np.uint8)
            cord[4:8, 4:7] = 1
            lesion = np.zeros(SHAPE, dtype=np.uint8)
            lesion[5:7, 5, 2:4] = 1
            write_mask(masks["sc"], cord, GRID)
            write_mask(masks["lesion"], lesion, GRID)
        return ChosenCase(f"{dataset}_{stem}", dataset, (file,), masks, rater, (sha256(file),), reason, "ab" * 32)

    return make


@pytest.fixture
def datasets(tmp_path: Path) -> dict[str, Path]:
    return {name: tmp_path / "pool" / name for name in ("gm", "unf")}
