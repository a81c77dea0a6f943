"""One person under several subject names is on one side of everything, and that is said."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.cases_table import read_cases
from nnunet_ext.dataset_conversion.plan import Plan, PlanOptions, make_plan
from nnunet_ext.dataset_conversion.plan_file import read_plan, write_plan
from nnunet_ext.dataset_conversion.profile import Profile, load_profile
from nnunet_ext.dataset_conversion.selection import Selection
from nnunet_ext.dataset_conversion.source import name_sources
from tests.conftest import SmallBids

MakeBids = Callable[[str], SmallBids]


def plan_of(
    *roots: Path, participants: str = "", sites: str = "", split: dict[str, frozenset[str]] | None = None, seed: int = 1
) -> Plan:
    options = PlanOptions(test_fraction=0.5, seed=seed, selection=Selection(split=split))
    sources = name_sources([str(root) for root in roots])
    profile = profile_of(roots[0].parent, participants, sites)
    return make_plan(sources, profile, load_target("cord-lesion"), options)


def profile_of(folder: Path, participants: str = "", sites: str = "") -> Profile:
    text = f'name = "mine"\nextends = "auto"\n[participants]\n{participants}\n[sites]\n{sites}\n'
    write_text(folder / "mine.toml", text)
    return load_profile(str(folder / "mine.toml"))


def sets_of(plan: Plan) -> dict[str, str]:
    return {case.own[1]: case.split for case in plan.cases}


def people_of(plan: Plan) -> dict[str, str]:
    return {case.own[1]: case.patient[1] for case in plan.cases}


@pytest.fixture
def visits(bids: SmallBids) -> SmallBids:
    """Six people, each at two visits under two subject names."""
    for number in range(6):
        for visit in (1, 2):
            bids.case(f"sub-{number}Ses{visit}_T2w")
    return bids


@pytest.mark.parametrize("seed", range(5))
def test_visits_in_the_subject_s_name_are_on_one_side_and_that_is_said(visits: SmallBids, seed: int) -> None:
    plan = plan_of(visits.root, seed=seed)
    sets = sets_of(plan)
    for number in range(6):
        assert sets[f"sub-{number}Ses1"] == sets[f"sub-{number}Ses2"]
    assert sorted(sets.values()).count("test") == 6
    (said,) = (sentence for sentence in plan.assumptions if "one person" in sentence)
    assert said.startswith("site: sub-0Ses1 and sub-0Ses2 are one person, ")
    assert said.endswith('by their names (if not: person = "subject" under [participants] of a profile)')


def test_the_assumption_can_be_switched_off(visits: SmallBids) -> None:
    for stated in ('person = "subject"', 'person = ["subject"]'):
        plan = plan_of(visits.root, participants=stated)
        assert len(set(people_of(plan).values())) == 12
        assert not any("one person" in sentence for sentence in plan.assumptions)


@pytest.mark.parametrize(
    "pattern", ["(.+)x.", "^sub-([a-z])", "^(?P<person>[a-z])x", "(x)?(?P<person>[a-z])x[0-9]", "(?i)([A-Z])x"]
)
def test_a_pattern_says_who_is_one_person(bids: SmallBids, pattern: str) -> None:
    for stem in ("sub-ax1_T2w", "sub-ax2_T2w", "sub-bx1_T2w", "sub-other_T2w"):
        bids.case(stem)
    people = people_of(plan_of(bids.root, participants=f"person_pattern = '{pattern}'"))
    assert people["sub-ax2"] == people["sub-ax1"] == "sub-ax1"
    assert people["sub-bx1"] == "sub-bx1"


def test_a_pattern_that_finds_nobody_is_refused(visits: SmallBids) -> None:
    with pytest.raises(DataRefusedError, match=r"person_pattern 'P\(\\\\d\)' finds.*sub-0Ses1.*mend the pattern"):
        plan_of(visits.root, participants=r"person_pattern = 'P(\d)'")


def test_a_column_says_who_is_one_person(bids: SmallBids) -> None:
    people = {"sub-anna": "p1", "sub-zoe": "p1", "sub-tim": "p2", "sub-1Ses1": "p3", "sub-1Ses2": "p4", "sub-x": "n/a"}
    for subject in people:
        bids.case(f"{subject}_T2w")
    bids.participants([{"participant_id": subject, "Person ID": person} for subject, person in people.items()])
    found = people_of(plan_of(bids.root, participants='person = ["person_id"]'))
    assert found == {subject: subject for subject in people} | {"sub-zoe": "sub-anna"}


def test_a_column_that_is_not_there_is_refused_by_name(visits: SmallBids) -> None:
    with pytest.raises(DataRefusedError, match=r"participants\.tsv: a column patient that names the person was needed"):
        plan_of(visits.root, participants='person = "patient"')


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ("person_pattern = '('", "must be a regular expression"),
        ("person_pattern = 3", "must be a regular expression"),
        ("person_pattern = 'Ses'", "needs a group that is the person"),
        ("person = ['a']\nperson_pattern = '(a)'", "not both"),
        ("person = 3", "lists were needed"),
        ("persons = ['a']", "unknown keys"),
    ],
)
def test_a_rule_for_persons_that_says_nothing_clear_is_refused(tmp_path: Path, stated: str, words: str) -> None:
    with pytest.raises(DataRefusedError, match=words):
        profile_of(tmp_path, stated)


def test_people_of_different_sex_are_not_one_person(bids: SmallBids) -> None:
    for stem in ("sub-1a_T2w", "sub-1b_T2w", "sub-2a_T2w", "sub-2b_T2w"):
        bids.case(stem)
    sexes = {"sub-1a": "F", "sub-1b": "male", "sub-2a": "F", "sub-2b": "female"}
    bids.participants([{"participant_id": subject, "Sex ": sex} for subject, sex in sexes.items()])
    plan = plan_of(bids.root)
    assert people_of(plan) == {"sub-1a": "sub-1a", "sub-1b": "sub-1b", "sub-2a": "sub-2a", "sub-2b": "sub-2a"}
    assert plan.warnings == ("site: sub-1a, sub-1b are several people: the sex differs",)


def test_names_that_would_make_one_person_of_many_are_told(bids: SmallBids) -> None:
    for number in range(1, 8):
        bids.case(f"sub-tokyo750w0{number}_T2w")
    plan = plan_of(bids.root)
    assert len(set(people_of(plan).values())) == 7
    assert any("7 people, although by their names they may be one" in warning for warning in plan.warnings)


@pytest.mark.parametrize("stated", ["", 'person = "subject"'])
def test_one_image_in_two_datasets_is_one_person_s(make_bids: MakeBids, stated: str) -> None:
    one, other = make_bids("one"), make_bids("other")
    for number in range(6):
        image = one.case(f"sub-{number}_T2w").read_bytes()
        other.case(f"sub-x{number}_T2w").write_bytes(image)
    plan = plan_of(one.root, other.root, participants=stated)
    sets = sets_of(plan)
    for number in range(6):
        assert sets[f"sub-{number}"] == sets[f"sub-x{number}"]
        said = f"sub-{number} of one and sub-x{number} of other are one person: the same image"
        assert any(sentence.startswith(said) for sentence in plan.assumptions)


def test_a_split_that_names_one_visit_takes_the_other_along_and_says_so(visits: SmallBids) -> None:
    split = {"train": frozenset({"sub-0Ses1", "sub-1"}), "test": frozenset({"sub-2Ses2"})}
    plan = plan_of(visits.root, split=split)
    sets = sets_of(plan)
    assert (sets["sub-0Ses1"], sets["sub-0Ses2"], sets["sub-2Ses1"], sets["sub-2Ses2"]) == (
        *("train", "train"),
        *("test", "test"),
    )
    assert (
        "the split does not name sub-0Ses2 of site, which is the same person as sub-0Ses1: it follows" in plan.warnings
    )


def test_a_split_that_tears_a_person_is_refused_by_name_unless_the_profile_says_otherwise(visits: SmallBids) -> None:
    split = {"train": frozenset({"sub-0Ses1"}), "test": frozenset({"sub-0Ses2"})}
    with pytest.raises(DataRefusedError, match=r"train by 'sub-0Ses1', test by 'sub-0Ses2'.*person = \"subject\""):
        plan_of(visits.root, split=split)
    sets = sets_of(plan_of(visits.root, split=split, participants='person = "subject"'))
    assert (sets["sub-0Ses1"], sets["sub-0Ses2"]) == ("train", "test")


def test_rules_that_tear_a_person_between_two_sites_are_refused_by_name(visits: SmallBids) -> None:
    sites = {f"sub-{number}Ses{visit}": f"site{visit}" for number in range(6) for visit in (1, 2)}
    visits.participants([{"participant_id": subject, "site": site} for subject, site in sites.items()])
    with pytest.raises(
        DataRefusedError, match=r"sub-0Ses2 of site belongs to test .* as sub-0Ses1 .*, the same person"
    ):
        plan_of(visits.root, sites='train_only = ["site1"]\nexternal = ["site2"]')


def test_who_is_one_person_comes_back_with_a_plan_and_can_be_edited(visits: SmallBids, tmp_path: Path) -> None:
    plan = plan_of(visits.root)
    write_plan(tmp_path / "plan", plan)
    sources = name_sources([str(visits.root)])
    assert read_plan(tmp_path / "plan", sources) == plan
    table = tmp_path / "plan" / "cases.tsv"
    write_text(table, table.read_text().replace("site/sub-0Ses1", "site/sub-1Ses1"))
    assert people_of(read_plan(tmp_path / "plan", sources))["sub-0Ses2"] == "sub-1Ses1"
    lines = [line.rsplit("\t", 1)[0] for line in table.read_text().splitlines()]  # as it was without that column
    write_text(table, "\n".join(lines) + "\n")
    assert people_of(read_plan(tmp_path / "plan", sources))["sub-0Ses2"] == "sub-0Ses2"


def test_a_real_woman_under_two_subject_names_is_on_one_side(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "raw").mkdir()
    monkeypatch.setenv("nnUNet_raw", str(tmp_path / "raw"))
    source = f"gm={real_data / 'gm_challenge'}"
    main(["convert", source, "-d", "7", "-n", "Gm", "--target", "cord", "--test-fraction", "0.5"])
    said = capsys.readouterr().err
    assert "assumed: gm: sub-9709Ses1 and sub-9709Ses2 are one person" in said
    assert "assumed: gm: site: column 'Site' of participants.tsv" in said
    rows = [row for row in read_cases(tmp_path / "raw" / "Dataset007_Gm") if row["status"] == "include"]
    assert {row["site"] for row in rows} == {"UCL", "Milan"}
    sets = {row["subject"]: row["split"] for row in rows}
    assert sets["sub-9709Ses1"] == sets["sub-9709Ses2"]
