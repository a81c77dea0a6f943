from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.exchange.pseudonyms import Scan, pseudonyms
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.names import parse_image_name

SCANS = st.sets(
    st.builds(
        Scan,
        st.sampled_from(["gm", "unf"]),
        st.from_regex(
            r"sub-[A-Za-z0-9]{1,3}(_ses-(20190304|2019Mar|M12|1))?(_acq-(sag|J4March))?_(T2w|T1w)", fullmatch=True
        ),
    ),
    min_size=1,
    max_size=12,
)


@given(first=SCANS, second=SCANS, seed=st.integers(0, 99))
def test_pseudonyms_stay_and_tell_people_visits_and_images_apart(
    tmp_path_factory: pytest.TempPathFactory, first: set[Scan], second: set[Scan], seed: int
) -> None:
    file = tmp_path_factory.mktemp("names") / "pseudonyms.tsv"
    before = dict(pseudonyms(file, first, seed))
    after = dict(pseudonyms(file, first | second, seed))
    assert {scan: after[scan] for scan in before} == before
    assert len(set(after.values())) == len(after)
    people, visits = set(), set()
    for scan, stem in after.items():
        name, own = parse_image_name(stem), parse_image_name(scan.stem)
        assert name is not None
        assert own is not None
        people.add((scan.person, name.subject))
        visits.add((scan.visit, (name.subject, name.session)))
        assert bool(name.session) == bool(own.session)
        assert name.suffix == own.suffix
        assert {key for key, _ in name.entities} <= {"sub", "ses", "run"}
        assert all(value.isdigit() and len(value) <= 3 for _, value in name.entities)
    for pairs in (people, visits):
        assert len({one for one, _ in pairs}) == len({other for _, other in pairs}) == len(pairs)
    assert dict(pseudonyms(file, first, None)) == after


def test_visits_of_a_person_are_counted_in_their_order(tmp_path: Path) -> None:
    scans = [Scan("gm", f"sub-A_ses-{day}_T2w") for day in ("20200101", "20190101")]
    named = pseudonyms(tmp_path / "names.tsv", scans, 0)
    assert [named[scan] for scan in scans] == ["sub-001_ses-02_T2w", "sub-001_ses-01_T2w"]


def test_where_none_may_be_given_a_stranger_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(DataRefusedError, match="sub-A_T2w"):
        pseudonyms(tmp_path / "names.tsv", [Scan("gm", "sub-A_T2w")], None)
    assert not (tmp_path / "names.tsv").exists()
