import math

import numpy as np
from hypothesis import given

from nnunet_ext.classification.measures.measure_case import measure_case
from nnunet_ext.classification.measures.measure_dictionary import measure_dictionary
from nnunet_ext.core.volume import Volume
from tests.strategies import SEEDS, thorough, volumes

SHARES = ("largest_section_share", "mean_section_share", "central_share", "top_fraction", "bottom_fraction")


@given(volumes(), SEEDS)
@thorough(2)
def test_any_masks_on_any_grid_give_finite_values_within_their_ranges_or_none(drawn: Volume, seed: int) -> None:
    generator = np.random.default_rng(seed)
    shape = drawn.data.shape
    cord = Volume(drawn.data | (generator.random(shape) < 0.5), drawn.affine)
    images = {"T2w": generator.normal(size=shape), "T1w-gad": generator.integers(0, 2, shape)}
    levels = generator.integers(0, 4, shape)
    values = measure_case("a", drawn, cord, images, levels=levels).values
    assert {*values, "age_years", "female"} == {column.name for column in measure_dictionary(images)}
    assert all(math.isfinite(value) for value in values.values() if value is not None)
    assert all(0 <= value <= 1 + 1e-9 for name in SHARES if (value := values[name]) is not None)
    count, volume, largest = (values[name] for name in ("n_lesions", "total_volume_mm3", "largest_volume_mm3"))
    assert count is not None
    assert volume is not None
    assert largest is not None
    assert (count == 0) == (volume == 0) == (largest == 0)
    assert volume <= largest * count * (1 + 1e-9)
    top, centre, bottom = (values[name] for name in ("top_fraction", "centre_fraction", "bottom_fraction"))
    if top is not None and centre is not None and bottom is not None:
        assert top <= centre <= bottom
