import itertools
import random

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.trainers.seeds import Seeds

SEEDS = st.integers(0, 2**200)


def draw(seeds: Seeds) -> tuple[float, ...]:
    """What each of the three generators gives next."""
    seeds.sow()
    return random.random(), float(np.random.random()), float(torch.rand(1, dtype=torch.float64))  # noqa: NPY002


@given(SEEDS)
def test_any_whole_number_is_a_seed_and_gives_the_same_again(seed: int) -> None:
    assert draw(Seeds.of(seed)) == draw(Seeds.of(seed))


def test_large_seeds_are_told_from_what_is_left_of_them_in_32_or_64_bits() -> None:
    drawn = [draw(Seeds.of(seed)) for seed in (1, 2**32, 2**32 + 1, 2**64, 2**64 + 1, 2**128 + 1)]
    for generator in zip(*drawn, strict=True):
        assert len(set(generator)) == len(drawn)


def test_no_two_branches_share_a_stream_in_any_generator() -> None:
    """Neighbours in seed, epoch, rank, kind and worker, where sums would be the same."""
    branches = [Seeds.of(seed).within(*key) for seed in range(3) for key in itertools.product(range(3), repeat=4)]
    branches += [Seeds.of(seed) for seed in range(3)]
    for generator in zip(*map(draw, branches), strict=True):
        assert len(set(generator)) == len(branches)


def test_without_a_seed_every_training_has_its_own() -> None:
    assert Seeds.of(None) != Seeds.of(None)
