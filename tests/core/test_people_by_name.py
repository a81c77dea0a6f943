import gzip
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nnunet_ext.core.people_by_name import MOST_VISITS, people_by_name

LAYOUT = Path(__file__).resolve().parents[3] / "shared/data/layouts/spine_generic_multi_subject.txt.gz"


def subjects(names: str) -> list[str]:
    return [f"sub-{name}" for name in names.split()]


@pytest.mark.parametrize(
    "names",
    [
        *("9709Ses1 9709Ses2", "1ses1 01SES02", "01V1 01V2", "P01visit1 P01visit2", "AB12V1 AB12V02"),
        *("01baseline 01followup", "01BL 01FU1 01FU12m", "01M0 01M12", "01T0 01T1", "01run1 01run2", "01 01rep"),
        *("01scan1 01scan2", "01retest 01test", "01pre 01post", "pre01 post01", "01a 01b", "101 101a", "01tp1 01tp2"),
        *("P0120190512 P0120200601", "0120190512 0120200601", "01d20200101 01d20210101", "01+M12 01+M0"),
        *("9709+1 9709+2", "9709Milan 9709UCL", "01siteA 01siteB", "01site1 01site2", "AnnaSes1 AnnaSes2"),
        *("01Ses1run1 01Ses1run2 01Ses2", "12S1 12S2", "01day1 01day2", "01W4 01W12", "01D0 01D90", "01Y1 01Y2"),
        "P01M000 P01M006 P01M012 P01M018 P01M024 P01M036",
    ],
)
def test_names_of_one_person_are_found(names: str) -> None:
    named = tuple(sorted(subjects(names)))
    assert people_by_name([*named, "sub-77", "sub-78"]).groups == (named,)


@pytest.mark.parametrize(
    "names",
    [
        *(
            "01 02 03 10 101 999",
            "001 1 01",
            "A1 a1",
            "zurich01 zurich02",
            "amu01 amu02",
            "P1 P2",
            "M01 M12",
            "T1 T2 T9",
        ),
        *("tehranS01 tehranS02", "V1 V2", "a b c", "cmrra01 cmrrb02", "zh11 zh110 zh111", "HC01 MS01", "C1P01 C1P02"),
        *("site1sub01 site1sub02", "ucl+01 ucl+02", "2020051201 2020051202", "test01 01", "101a 102", "01V1 02V1"),
        *("noses1 noses2", "beijingVerio01 beijingVerio02", "hal001 ham001", "9418 9709Ses1"),
    ],
)
def test_names_of_several_people_are_left_apart(names: str) -> None:
    found = people_by_name(subjects(names))
    assert (found.groups, found.too_many) == ((), ())


def test_more_subjects_than_a_person_has_visits_are_told_and_not_joined() -> None:
    scanner = tuple(subjects("tokyo750w01 tokyo750w02 tokyo750w03 tokyo750w04 tokyo750w05 tokyo750w06"))
    assert people_by_name(scanner).too_many == (scanner,)
    assert people_by_name(scanner).groups == ()
    many = [f"sub-1Ses{number}" for number in range(MOST_VISITS + 1)]
    assert (people_by_name(many).groups, people_by_name(many[:-1]).groups) == ((), (tuple(sorted(many[:-1])),))


@example(people={2, 20, 200}, markers=("Ses1", "Ses2"), prefix="", pad=0)
@given(
    people=st.sets(st.integers(1, 999), min_size=1, max_size=20),
    markers=st.sampled_from([("Ses1", "Ses2"), ("V1", "V2"), ("M0", "M12"), ("a", "b"), ("baseline", "followup")]),
    prefix=st.sampled_from(["", "P", "zurich"]),
    pad=st.integers(0, 4),
)
def test_two_visits_of_each_of_many_people_make_as_many_people(
    people: set[int], markers: tuple[str, str], prefix: str, pad: int
) -> None:
    stems = [f"sub-{prefix}{number:0{pad}d}" for number in people]
    found = people_by_name(f"{stem}{marker}" for stem in stems for marker in markers)
    assert set(found.groups) == {tuple(sorted(f"{stem}{marker}" for marker in markers)) for stem in stems}


@given(prefix=st.text("abcmrstvwzABMSTV", max_size=6), numbers=st.sets(st.integers(0, 9999), max_size=30))
def test_numbers_behind_letters_are_people(prefix: str, numbers: set[int]) -> None:
    names = [f"sub-{prefix}{number:04d}" for number in numbers]
    assert people_by_name(names).groups == ()


def test_of_267_real_volunteers_no_two_are_taken_for_one() -> None:
    if not LAYOUT.is_file():
        pytest.skip("no real names beside the checkout")
    names = set(re.findall("sub-[0-9A-Za-z]+", gzip.decompress(LAYOUT.read_bytes()).decode()))
    assert (len(names), people_by_name(names).groups) == (267, ())
