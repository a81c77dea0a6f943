from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.target import load_target
from nnunet_ext.correction.desk import desk_regions, key_of

NAMES = st.text(min_size=1, max_size=300)


def test_regions_come_in_the_order_of_the_target_and_say_in_which_they_lie() -> None:
    regions = desk_regions(load_target("cord-lesion"))
    assert [(region.name, region.inside) for region in regions] == [("sc", ""), ("lesion", "sc")]


@given(NAMES, NAMES, NAMES)
def test_each_case_and_rater_has_a_file_of_its_own_whatever_they_are_called(case: str, rater: str, other: str) -> None:
    keys = {key_of(case, rater), key_of(case, other), key_of(case)}
    assert len(keys) == 2 + (rater != other)
    for key in keys:
        assert PurePosixPath(key).name == key
        assert not key.startswith(".")
        assert len(key.encode()) < 200


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", ".desk", "/", "a/b", "a\\b", "\0", "\n", "\ud800", "C:x"])
def test_a_name_leads_nowhere_else(name: str) -> None:
    assert not set(key_of(name)) & set("/\\\0\n:")
    assert key_of(name) not in {".", ".."}
