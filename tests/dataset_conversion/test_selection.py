from pathlib import Path

import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.file_lists import load_file_list
from nnunet_ext.dataset_conversion.plan import Plan, PlanOptions, make_plan
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.selection import Selection
from nnunet_ext.dataset_conversion.source import name_sources
from nnunet_ext.dataset_conversion.split_file import read_split_file
from tests.conftest import SmallBids


@pytest.fixture
def three(bids: SmallBids) -> SmallBids:
    """Three patients: sub-1, sub-10 and sub-2."""
    for subject in ("sub-1", "sub-10", "sub-2"):
        bids.case(f"{subject}_T2w")
    return bids


def plan_of(bids: SmallBids, selection: Selection) -> Plan:
    sources = name_sources([str(bids.root)])
    target, profile = load_target("cord-lesion"), load_profile("auto")
    return make_plan(sources, profile, target, PlanOptions(test_fraction=0.0, seed=1, selection=selection))


def fates(plan: Plan) -> dict[str, str]:
    return {case.case.removeprefix("site_"): case.split or case.reason for case in plan.cases}


def written(tmp_path: Path, text: str) -> Path:
    (tmp_path / "list.yml").write_text(text)
    return tmp_path / "list.yml"


def test_an_excluded_patient_is_skipped_with_the_reason_and_no_other_is(three: SmallBids, tmp_path: Path) -> None:
    exclude = load_file_list(written(tmp_path, "T2w:\n- sub-1  # moved a lot\n"), ["site"])
    plan = plan_of(three, Selection(exclude=exclude))
    assert fates(plan) == {
        "sub-1_T2w": "on the exclude list as 'sub-1': moved a lot", "sub-10_T2w": "train", "sub-2_T2w": "train",
    }  # fmt: skip
    assert not any(case.refused for case in plan.cases)


def test_only_what_is_on_the_include_list_is_taken(three: SmallBids, tmp_path: Path) -> None:
    include = load_file_list(written(tmp_path, "- sub-10_T2w.nii.gz\n"), ["site"])
    assert fates(plan_of(three, Selection(include=include)))["sub-1_T2w"] == "not on the include list"
    assert fates(plan_of(three, Selection(include=include)))["sub-10_T2w"] == "train"


def test_an_entry_that_matches_nothing_is_reported(three: SmallBids, tmp_path: Path) -> None:
    exclude = load_file_list(written(tmp_path, "- sub-3\n- sub-2\n"), ["site"])
    assert plan_of(three, Selection(exclude=exclude)).warnings == (
        "the exclude list names 'sub-3', which no image has",
    )


def test_a_split_file_decides_and_whom_it_does_not_name_is_left_out(three: SmallBids, tmp_path: Path) -> None:
    split = read_split_file(
        written(tmp_path, "train:\n- sub-1_T2w.nii.gz\ntest:\n- sub-2_T2w.nii.gz\n- sub-9_T2w.nii.gz\n")
    )
    plan = plan_of(three, Selection(split=split))
    assert fates(plan) == {
        "sub-1_T2w": "train", "sub-10_T2w": "the split does not name its patient", "sub-2_T2w": "test",
    }  # fmt: skip
    assert plan.warnings == ("the split names 'sub-9_T2w.nii.gz', which no image has",)


def test_a_patient_in_two_sets_is_impossible(three: SmallBids, tmp_path: Path) -> None:
    three.case("sub-1_ses-02_T2w")
    split = read_split_file(written(tmp_path, "train: [sub-1_T2w]\ntest: [sub-1_ses-02_T2w, sub-2]\n"))
    with pytest.raises(DataRefusedError, match="sub-1"):
        plan_of(three, Selection(split=split))


def test_lists_are_given_on_the_command_line_and_warnings_stand_in_the_record(
    three: SmallBids, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("nnUNet_raw", str(tmp_path / "raw"))
    listed = str(written(tmp_path, "- sub-1\n- sub-77\n"))
    assert main(["convert", str(three.root), "-d", "7", "-n", "Cord", "--exclude", listed]) == 0
    told = capsys.readouterr()
    assert "'sub-77', which no image has" in told.err
    assert "1 skipped, 0 refused" in told.out
    assert "sub-77" in (tmp_path / "raw" / "Dataset007_Cord" / "conversion.json").read_text()
