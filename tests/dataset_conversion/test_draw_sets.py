from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.names import parse_image_name
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.cases_table import read_cases
from nnunet_ext.dataset_conversion.draw_sets import Membership, Patient, draw_sets
from nnunet_ext.dataset_conversion.plan import Plan, PlanOptions, make_plan
from nnunet_ext.dataset_conversion.planned_case import PlannedCase, PlannedLabel
from nnunet_ext.dataset_conversion.profile import Profile, SiteRules, load_profile
from nnunet_ext.dataset_conversion.selection import Selection
from nnunet_ext.dataset_conversion.source import Source, name_sources
from nnunet_ext.dataset_conversion.splits import draw_test_patients
from nnunet_ext.dataset_conversion.write import write_dataset
from tests.conftest import SmallBids

RULES = SiteRules(train_only=("small",), test_only=("checked",), external=("abroad",))
NO_RULES = {"d": SiteRules(), "e": SiteRules()}
BY_RULE = {
    "small": Membership("train", "train-only site"),
    "checked": Membership("test", "test-only site"),
    "abroad": Membership("test", "external site"),
}


def case(subject: str, site: str, dataset: str = "d", contrast: str = "T2w") -> PlannedCase:
    stem = f"{subject}_{contrast}"
    label = PlannedLabel("sc", (("", f"derivatives/labels/{stem}_seg.nii.gz"),))
    source = Source(dataset, Path("/nowhere") / dataset)
    name = parse_image_name(stem)
    return PlannedCase(f"{dataset}_{stem}", source, name, site, (f"{stem}.nii.gz",), labels=(label,))


SITES = st.dictionaries(
    st.tuples(st.sampled_from("de"), st.integers(1, 60).map(lambda number: f"sub-{number}")),
    st.sampled_from(["small", "checked", "abroad", "geneva", "basel"]),
    max_size=30,
)


@given(sites=SITES, seed=st.integers(0, 2**31), fraction=st.floats(0, 0.9), contrasts=st.sampled_from([1, 2]))
def test_rules_hold_whatever_is_drawn_and_the_draw_is_that_of_the_open_sites(
    sites: dict[Patient, str], seed: int, fraction: float, contrasts: int
) -> None:
    cases = [case(s, site, d, c) for (d, s), site in sites.items() for c in ("T2w", "T1w")[:contrasts]]
    sets = draw_sets(cases, {"d": RULES, "e": RULES}, fraction, seed)
    still_open = {patient: site for patient, site in sites.items() if site not in BY_RULE}
    drawn = draw_test_patients(still_open, fraction, seed)
    by = f"drawn with seed {seed}"
    assert sets == {
        patient: BY_RULE.get(site, Membership("test" if patient in drawn else "train", by))
        for patient, site in sites.items()
    }


def test_a_rule_of_one_dataset_says_nothing_of_a_site_of_that_name_in_another() -> None:
    cases = [case(f"sub-{number}", "small", dataset) for dataset in "de" for number in range(10)]
    sets = draw_sets(cases, {"d": RULES, "e": SiteRules()}, 0.5, 1)
    assert {sets["d", f"sub-{n}"].by for n in range(10)} == {"train-only site"}
    assert sum(sets["e", f"sub-{n}"].set_name == "test" for n in range(10)) == 5


def test_a_given_split_is_followed_and_whom_it_does_not_name_is_in_no_set() -> None:
    cases = [case(f"sub-{number}", "geneva") for number in (1, 2, 3, 4)]
    split = {("d", "sub-1"): "train", ("d", "sub-2"): "test", ("d", "sub-3"): "val", ("e", "sub-4"): "test"}
    assert draw_sets(cases, NO_RULES, 0.9, 1, split=split) == {
        ("d", "sub-1"): Membership("train", "split file"),
        ("d", "sub-2"): Membership("test", "split file"),
        ("d", "sub-3"): Membership("train", "split file"),  # nnU-Net validates on folds
    }


@pytest.mark.parametrize(
    ("site", "named", "words"),
    [
        ("small", "test", r"sub-1 of d belongs to train \(train-only site\), and the split file puts it into test"),
        ("checked", "train", r"sub-1 of d belongs to test \(test-only site\), and the split file puts it into train"),
        ("abroad", "val", r"sub-1 of d belongs to test \(external site\), and the split file puts it into val"),
    ],
)
def test_a_split_that_contradicts_a_rule_is_refused_by_patient(site: str, named: str, words: str) -> None:
    with pytest.raises(DataRefusedError, match=words):
        draw_sets([case("sub-1", site)], {"d": RULES}, 0.2, 1, split={("d", "sub-1"): named})


def test_a_split_that_agrees_with_the_rules_or_is_silent_is_none_to_refuse() -> None:
    cases = [case("sub-1", "small"), case("sub-2", "abroad"), case("sub-3", "checked")]
    split = {("d", "sub-1"): "val", ("d", "sub-2"): "test"}
    sets = draw_sets(cases, {"d": RULES}, 0.2, 1, split=split)
    assert [sets["d", f"sub-{n}"] for n in (1, 2, 3)] == [BY_RULE["small"], BY_RULE["abroad"], BY_RULE["checked"]]


@given(
    sites=SITES, known=st.dictionaries(st.integers(1, 60), st.sampled_from(["train", "test"])), seed=st.integers(0, 99)
)
def test_what_an_existing_dataset_has_stays_where_it_is(
    sites: dict[Patient, str], known: dict[int, str], seed: int
) -> None:
    before = {("d", f"sub-{n}"): Membership("test" if s == "test" else "train", "before") for n, s in known.items()}
    cases = [case(subject, site, dataset) for (dataset, subject), site in sites.items()]
    sets = draw_sets(cases, {"d": RULES, "e": RULES}, 0.3, seed, known=before)
    assert set(sets) == set(sites)
    assert {patient: sets[patient] for patient in sites if patient in before} == {
        patient: before[patient] for patient in sites if patient in before
    }


def test_a_split_that_contradicts_an_existing_dataset_is_refused() -> None:
    known: Mapping[Patient, Membership] = {("d", "sub-1"): Membership("test", "drawn with seed 3")}
    with pytest.raises(DataRefusedError, match=r"belongs to test \(drawn with seed 3\).* puts it into train"):
        draw_sets([case("sub-1", "geneva")], NO_RULES, 0.2, 1, split={("d", "sub-1"): "train"}, known=known)


@pytest.fixture
def sites(bids: SmallBids, tmp_path: Path) -> tuple[SmallBids, Profile]:
    """Four sites of three patients with two contrasts each, and a profile with a rule for three of them."""
    rows = []
    for index, site in enumerate(("geneva", "small", "checked", "abroad")):
        for number in range(1, 4):
            rows.append({"participant_id": f"sub-{site}{number}", "hospital": site.title() if index else site})
            for contrast in ("T1w", "T2w"):
                bids.case(f"sub-{site}{number}_{contrast}")
    bids.participants(rows)
    write_text(tmp_path / "mine.toml", (
        'name = "mine"\nextends = "auto"\n[participants]\nsite = ["hospital"]\n'
        '[sites]\ntrain_only = ["Small"]\ntest_only = ["Checked"]\nexternal = ["Abroad"]\n'
    ))  # fmt: skip
    return bids, load_profile(str(tmp_path / "mine.toml"))


def plan_of(bids: SmallBids, profile: Profile, selection: Selection | None = None) -> Plan:
    options = PlanOptions(test_fraction=0.3, seed=5, selection=selection or Selection())
    return make_plan(name_sources([str(bids.root)]), profile, load_target("cord-lesion"), options)


def test_sites_that_are_not_drawn_from_are_written_down_with_the_rule(
    sites: tuple[SmallBids, Profile], tmp_path: Path
) -> None:
    done = write_dataset(RawDataset.named(tmp_path / "raw", 7, "Cord"), plan_of(*sites))
    found: dict[str, set[tuple[str, str]]] = {}
    for row in read_cases(done.dataset.folder):
        found.setdefault(row["site"], set()).add((row["split"], row["split_by"]))
    drawn = "drawn with seed 5"
    assert found == {
        "geneva": {("train", drawn), ("test", drawn)},
        "Small": {("train", "train-only site")},
        "Checked": {("test", "test-only site")},
        "Abroad": {("test", "external site")},
    }
    assert (done.counts.train, done.counts.test) == (4 + 6, 2 + 6 + 6)


def test_a_split_file_that_trains_on_an_external_site_is_refused(sites: tuple[SmallBids, Profile]) -> None:
    split = {"train": frozenset({"sub-geneva1", "sub-abroad1"}), "test": frozenset({"sub-geneva2"})}
    with pytest.raises(DataRefusedError, match=r"sub-abroad1 of site belongs to test \(external site\)"):
        plan_of(*sites, Selection(split=split))


def test_a_split_file_and_rules_share_the_patients_out(sites: tuple[SmallBids, Profile]) -> None:
    split = {"train": frozenset({"sub-geneva1"}), "test": frozenset({"sub-geneva2"})}
    plan = plan_of(*sites, Selection(split=split))
    fates = {case.patient[1]: (case.split, case.split_by, case.reason) for case in plan.cases}
    assert fates["sub-geneva1"] == ("train", "split file", "")
    assert fates["sub-geneva3"] == ("", "", "the split does not name its patient")
    assert fates["sub-small2"] == ("train", "train-only site", "")


def test_known_patients_keep_their_set_in_a_plan(sites: tuple[SmallBids, Profile]) -> None:
    bids, profile = sites
    known = {("site", f"sub-geneva{n}"): Membership("train", "drawn with seed 9") for n in (1, 2, 3)}
    options = PlanOptions(test_fraction=0.3, seed=5, known=known)
    plan = make_plan(name_sources([str(bids.root)]), profile, load_target("cord-lesion"), options)
    geneva = [case for case in plan.cases if case.site == "geneva"]
    assert {(case.split, case.split_by) for case in geneva} == {("train", "drawn with seed 9")}


def test_a_hospital_that_is_tested_on_only_is_so_under_another_name_too(make_bids: Callable[[str], SmallBids]) -> None:
    """PRAXIS's repository site_014 is test-only, whatever it is called on the command line."""
    bids = make_bids("site_014")
    for number in range(4):
        stem = f"sub-que00{number}_acq-sag_T2w"
        bids.case(stem)
        for file in bids.root.rglob(f"{stem}_label-lesion_seg.nii.gz"):
            file.rename(file.with_name(f"{stem}_lesion.nii.gz"))
    for name in ("site_014", "HEJ"):
        plan = make_plan(
            name_sources([f"{name}={bids.root}"]), load_profile("praxis"), load_target("cord-lesion"), PlanOptions()
        )
        assert {(case.split, case.split_by) for case in plan.cases} == {("test", "test-only site")}
