import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.dataset_conversion.split_file import assign, read_split_file

LAYOUTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "layouts"
PATIENTS = st.dictionaries(
    st.tuples(st.sampled_from("AB"), st.integers(1, 120).map(lambda number: f"sub-{number}")),
    st.sampled_from(["train", "val", "test"]),
    min_size=1,
    max_size=30,
)


@pytest.mark.parametrize("ending", ["yaml", "json"])
def test_sets_come_back_as_text_under_their_usual_names(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"split.{ending}"
    content = {"Training": ["sub-01_T2w.nii.gz", "02"], "validation": ["sub-03"], "test": []}
    file.write_text(json.dumps(content) if ending == "json" else yaml.safe_dump(content))
    assert read_split_file(file) == {"train": {"sub-01_T2w.nii.gz", "02"}, "val": {"sub-03"}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("trian: [sub-1]\n", "found 'sub-1' under trian"),
        ("- sub-1\n", "found 'sub-1' under no heading"),
        ("train:\n  siteA: [sub-1]\n", "under train above siteA"),
        ("train: []\ntest: []\n", "found no names"),
        ("", "found no names"),
        ("train: [", "YAML was needed"),
    ],
)
def test_a_file_that_is_no_split_is_refused_by_name(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "split.yaml"
    file.write_text(text)
    with pytest.raises(FileRefusedError, match=told) as refused:
        read_split_file(file)
    assert refused.value.path == file


@pytest.mark.parametrize("seed", [42, 50])
def test_a_published_split_of_sciseg_comes_back_case_by_case(seed: int) -> None:
    split = read_split_file(_published(seed))
    cases = {f"sci_{_stem(name)}": ("sci", name.split("_")[0]) for names in split.values() for name in names}
    found = assign(split, cases)
    for case, patient in cases.items():
        assert case.removeprefix("sci_") + ".nii.gz" in split[found.set_of[patient]]
    assert (found.unmatched, found.shared) == ((), ())


def test_the_published_split_that_reuses_subjects_is_refused_with_a_way_out() -> None:
    listed = yaml.safe_load(_published(710).read_text())
    twice = sorted({name.split("_")[0] for name in set(listed["train"]) & set(listed["test"])})
    cases = {f"dcm_{_stem(name)}": ("dcm", name.split("_")[0]) for names in listed.values() for name in names}
    with pytest.raises(DataRefusedError, match="dcm/sub-") as refused:
        assign(read_split_file(_published(710)), cases)
    assert twice
    assert all(f"{subject} of dcm (" in str(refused.value) for subject in twice)


def test_a_dataset_before_the_name_tells_apart_two_people_with_one_label(tmp_path: Path) -> None:
    file = tmp_path / "split.yaml"
    file.write_text("train: [A/sub-11_acq-ax_T2w.nii.gz, B/sub-14]\ntest: [B/sub-11_acq-ax_T2w.nii.gz, A/sub-14]\n")
    cases = {f"{d}_{s}_acq-ax_T2w": (d, s) for d in "AB" for s in ("sub-11", "sub-14")}
    found = assign(read_split_file(file), cases)
    assert found.set_of == {
        ("A", "sub-11"): "train",
        ("B", "sub-11"): "test",
        ("A", "sub-14"): "test",
        ("B", "sub-14"): "train",
    }
    assert (found.unmatched, found.shared) == ((), ())


def test_a_patient_in_two_sets_is_refused_with_both_entries() -> None:
    split = {"train": ["sub-1_ses-1_T2w.nii.gz"], "test": ["sub-1_ses-2_T2w", "sub-2"]}
    cases = {f"A_sub-1_ses-{number}_T2w": ("A", "sub-1") for number in (1, 2)}
    with pytest.raises(DataRefusedError, match="sub-1 of A .*sub-1_ses-1_T2w.nii.gz.*sub-1_ses-2_T2w.*A/sub-1"):
        assign(split, cases)


def test_names_without_case_are_told() -> None:
    split = {"train": ["sub-1_ses-1_T2w", "sub-9"], "test": ["sub-2", "C/sub-3"]}
    cases = _cases({("A", "sub-1"): ["ses-1", "ses-2"], ("A", "sub-2"): ["ses-1"], ("A", "sub-3"): ["ses-1"]})
    found = assign(split, cases)
    assert found.set_of == {("A", "sub-1"): "train", ("A", "sub-2"): "test"}
    assert found.unmatched == ("C/sub-3", "sub-9")


def test_a_name_that_two_datasets_share_is_told() -> None:
    cases = _cases({("A", "sub-1"): ["ses-1"], ("B", "sub-1"): ["ses-1"], ("B", "sub-2"): ["ses-1"]})
    found = assign({"train": ["sub-1", "sub-2"]}, cases)
    assert found.shared == ("sub-1",)
    assert set(found.set_of.values()) == {"train"}


@given(sets=PATIENTS, form=st.sampled_from(["{d}/{s}", "{d}/{s}_T2w.nii.gz", "{d}_{s}_T2w"]))
def test_any_split_of_patients_comes_back_whatever_form_names_have(sets: dict[tuple[str, str], str], form: str) -> None:
    split: dict[str, list[str]] = {}
    for (dataset, subject), name in sets.items():
        split.setdefault(name, []).append(form.format(d=dataset, s=subject))
    found = assign(split, {f"{d}_{s}_T2w": (d, s) for d, s in sets})
    assert found.set_of == sets
    assert (found.unmatched, found.shared) == ((), ())


def _cases(sessions: Mapping[tuple[str, str], list[str]]) -> dict[str, tuple[str, str]]:
    return {f"{d}_{s}_{session}_T2w": (d, s) for (d, s), listed in sessions.items() for session in listed}


def _stem(name: str) -> str:
    return name.removesuffix(".nii.gz")


def _published(seed: int) -> Path:
    file = LAYOUTS / f"sciseg_split_seed{seed}.yaml"
    if not file.is_file():
        pytest.skip("no published splits beside the checkout")
    return file
