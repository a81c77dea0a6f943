import math
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from nnunet_ext.dataset_conversion.splits import draw_test_patients, make_folds

LAYOUTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "layouts"
PATIENTS = st.dictionaries(
    st.tuples(st.sampled_from("AB"), st.integers(1, 99).map(str)),
    st.sampled_from(["x", "y", "z"]),
    min_size=2,
    max_size=40,
)


@given(sites=PATIENTS, seed=st.integers(0, 2**31), fraction=st.floats(0, 0.9))
def test_each_site_gives_its_share_to_the_test_set(
    sites: dict[tuple[str, str], str], seed: int, fraction: float
) -> None:
    drawn = draw_test_patients(sites, fraction, seed)
    assert drawn <= set(sites)
    for site in set(sites.values()):
        here = {patient for patient, where in sites.items() if where == site}
        assert len(drawn & here) == math.ceil(fraction * len(here))


@given(count=st.integers(5, 120), seed=st.integers(0, 1000))
def test_the_draw_is_scikit_learn_s(count: int, seed: int) -> None:
    names = [("d", f"sub-{number:03d}") for number in range(count)]
    _, test = train_test_split(names, test_size=0.2, random_state=seed)
    assert draw_test_patients(dict.fromkeys(names, "site"), 0.2, seed) == {tuple(name) for name in test}


@pytest.mark.parametrize("seed", [42, 50, 710])
def test_sciseg_s_published_zurich_test_set_comes_back(seed: int) -> None:
    file = LAYOUTS / f"sciseg_split_seed{seed}.yaml"
    if not file.is_file():
        pytest.skip("no published splits beside the checkout")
    listed = yaml.safe_load(file.read_text())
    files = {part: [name for name in _names(listed[part]) if name.startswith("sub-zh")] for part in ("train", "test")}
    groups = {part: {name.split("_")[0] for name in names} for part, names in files.items()}
    names = sorted(groups["train"] | groups["test"])
    drawn = draw_test_patients({("zh", name): "zurich" for name in names}, 0.2, seed)
    assert {name for _, name in drawn} == groups["test"]


@given(sites=PATIENTS, seed=st.integers(0, 99), sessions=st.integers(1, 3))
def test_no_patient_is_both_trained_and_validated_on(
    sites: dict[tuple[str, str], str], seed: int, sessions: int
) -> None:
    cases = {f"{d}_{s}_ses{number}": (d, s) for d, s in sites for number in range(sessions)}
    folds = make_folds(cases, sites, 5, seed)
    assert len(folds) == min(5, len(sites))
    for fold in folds:
        assert not {cases[case] for case in fold["train"]} & {cases[case] for case in fold["val"]}
        assert sorted(fold["train"] + fold["val"]) == sorted(cases)
    assert sorted(case for fold in folds for case in fold["val"]) == sorted(cases)


@given(sites=PATIENTS, seed=st.integers(0, 99), sessions=st.integers(1, 2))
def test_each_fold_validates_on_its_share_of_every_site(
    sites: dict[tuple[str, str], str], seed: int, sessions: int
) -> None:
    cases = {f"{d}_{s}_ses{number}": (d, s) for d, s in sites for number in range(sessions)}
    folds = make_folds(cases, sites, 5, seed)
    for site in set(sites.values()):
        here = [len({cases[c] for c in fold["val"] if sites[cases[c]] == site}) for fold in folds]
        assert max(here) - min(here) <= 1


@given(
    steps=st.lists(st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, max_size=6), min_size=1, max_size=12),
    fraction=st.floats(0, 0.9),
    seed=st.integers(0, 99),
)
def test_a_growing_site_keeps_its_share_of_the_test_set(steps: list[list[str]], fraction: float, seed: int) -> None:
    before: dict[tuple[str, str], str] = {}
    tested: set[tuple[str, str]] = set()
    for number, step in enumerate(steps):
        new = {("d", f"sub-{number}x{index}"): site for index, site in enumerate(step)}
        tested |= draw_test_patients(new, fraction, seed, before, tested)
        before |= new
        for site in set(before.values()):
            here = {patient for patient, where in before.items() if where == site}
            assert len(tested & here) == math.ceil(fraction * len(here))


def test_a_site_that_tests_on_more_than_its_share_gives_no_more() -> None:
    before = {("d", f"sub-{number}"): "x" for number in range(4)}
    new = {("d", f"sub-{number}"): "x" for number in range(4, 10)}
    assert draw_test_patients(new, 0.2, 1, before, set(before)) == set()


def test_one_patient_cannot_be_folded() -> None:
    assert make_folds({"a": ("d", "sub-1"), "b": ("d", "sub-1")}, {("d", "sub-1"): "x"}, 5, 0) == []


def _names(entry: object) -> list[str]:
    if isinstance(entry, dict):
        return [name for value in entry.values() for name in _names(value)]
    return [str(name) for name in entry] if isinstance(entry, list) else [str(entry)]
