from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.exchange.pseudonyms import Visit, pseudonyms

VISITS = st.sets(
    st.builds(
        Visit,
        st.sampled_from(["gm", "unf"]),
        st.from_regex(r"sub-[A-Za-z0-9]{1,6}", fullmatch=True),
        st.sampled_from(["", "ses-1", "ses-20190304", "ses-2019Mar"]),
    ),
    min_size=1,
    max_size=12,
)


@given(first=VISITS, second=VISITS, seed=st.integers(0, 99))
def test_pseudonyms_stay_tell_people_and_visits_apart_and_hold_nothing_of_a_name(
    tmp_path_factory: pytest.TempPathFactory, first: set[Visit], second: set[Visit], seed: int
) -> None:
    file = tmp_path_factory.mktemp("names") / "pseudonyms.tsv"
    before = dict(pseudonyms(file, first, seed))
    after = pseudonyms(file, first | second, seed)
    assert {visit: after[visit] for visit in before} == before
    assert len(set(after.values())) == len(after)
    people = {(visit.dataset, visit.subject): name.split("_")[0] for visit, name in after.items()}
    assert len(set(people.values())) == len(people)
    for visit, name in after.items():
        assert name.split("_")[0] == people[visit.dataset, visit.subject]
        assert ("_ses-" in name) == bool(visit.session)
        assert len(name) <= len("sub-000_ses-00")
    assert dict(pseudonyms(file, [], seed)) == dict(after)


def test_visits_of_a_person_are_counted_in_their_order(tmp_path: Path) -> None:
    visits = [Visit("gm", "sub-A", session) for session in ("ses-20200101", "ses-20190101")]
    named = pseudonyms(tmp_path / "names.tsv", visits, 0)
    assert [named[visit] for visit in visits] == ["sub-001_ses-02", "sub-001_ses-01"]
