import numpy as np

from nnunet_ext.phantom.painting.pooled import pooled
from nnunet_ext.phantom.tissues import Tissue


def test_a_voxel_is_the_mean_of_its_fine_voxels() -> None:
    rng = np.random.default_rng(0)
    tissue = rng.integers(0, len(Tissue), (4, 6, 8)).astype(np.uint8)
    values = rng.uniform(0, 1, len(Tissue))
    expected = values[tissue].reshape(4, 3, 2, 4, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(pooled(tissue, values, (1, 2, 2)), expected, rtol=1e-5)
