from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.phantom.entities.figures import FIGURES
from nnunet_ext.phantom.entities.place import largest_ml, place_lesions, smallest_ml
from nnunet_ext.phantom.entities.region import Region


@given(
    region=st.sampled_from(list(Region)),
    share=st.floats(0, 1),
    count=st.integers(1, 6),
    seed=st.integers(0, 2**32 - 1),
)
def test_lesions_lie_in_their_region_apart_and_have_the_length_asked_for(
    region: Region, share: float, count: int, seed: int
) -> None:
    vertebrae = 0.7 + share * (region.longest - 0.7)
    spans = place_lesions(region, vertebrae, count, np.random.default_rng(seed))
    assert 1 <= len(spans) <= count
    assert sum(span.vertebrae for span in spans) == pytest.approx(vertebrae)
    assert all(after.top - before.bottom >= 0.3 - 1e-6 for before, after in pairwise(spans))
    assert region.top - 1e-6 <= spans[0].top
    assert spans[-1].bottom <= region.bottom + 1e-6
    if region.border is not None:
        assert spans[0].top < region.border < spans[-1].bottom


@given(seed=st.integers(0, 2**32 - 1), tumour=st.booleans(), vertebrae=st.floats(0.7, 6))
def test_more_finds_room_than_is_needed_to_reach_from_end_to_end(seed: int, tumour: bool, vertebrae: float) -> None:
    spans = place_lesions(Region.CERVICAL, vertebrae, 2, np.random.default_rng(seed))
    assert 0 < smallest_ml(spans, tumour=tumour) < largest_ml(spans, tumour=tumour)


def test_every_regions_share_can_be_kept_with_its_longest_lesions() -> None:
    for figures in FIGURES.values():
        assert sum(figures.regions.values()) == pytest.approx(1, abs=0.02)
