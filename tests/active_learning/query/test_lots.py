import hashlib
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.query.lots import Lots
from tests.strategies import SEEDS


@given(SEEDS, st.integers(1, 99), st.text(), st.text())
def test_a_lot_lies_between_0_and_1_and_is_the_same_each_time(seed: int, number: int, purpose: str, name: str) -> None:
    lot = Lots(seed, number).draw(purpose, name)
    assert 0 < lot < 1
    assert lot == Lots(seed, number).draw(purpose, name)


def test_a_lot_is_what_numpys_seed_sequence_makes_of_seed_round_and_name() -> None:
    digest = hashlib.sha256(b"lot random\0pool_sub-1_T2w").digest()
    words = [int.from_bytes(digest[start : start + 4], "little") for start in range(0, 32, 4)]
    (state,) = np.random.SeedSequence([7, 2, *words]).generate_state(1, np.uint64)
    assert abs(Lots(7, 2).draw("lot random", "pool_sub-1_T2w") - int(state) / 2**64) < 2**-51


def test_seed_round_purpose_and_name_each_give_lots_of_their_own() -> None:
    drawn = {
        Lots(seed, number).draw(what, name) for seed in (0, 1) for number in (1, 2) for what in "ab" for name in "cd"
    }
    assert len(drawn) == 16


def test_lots_are_spread_evenly() -> None:
    tenths = Counter(int(10 * Lots(0, 1).draw("lot", f"case{number}")) for number in range(2000))
    assert all(150 < tenths[tenth] < 250 for tenth in range(10))  # 200 each, give or take 13
