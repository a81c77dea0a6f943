import time
from dataclasses import replace
from pathlib import Path

import pytest

from nnunet_ext.core.atomic import write_text
from nnunet_ext.correction.desk import Desk
from nnunet_ext.correction.marks_table import decided, write_marks
from tests.correction.made_desk import MadeDesk

ROW = {"case": "sub-1_T2w", "region": "sc", "action": "accept", "slices": "n/a", "minutes": "n/a", "comment": "n/a"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return MadeDesk(tmp_path).desk


def written(desk: Desk, *rows: str) -> Path:
    path = desk.place / "marks.tsv"
    write_text(path, "\n".join(["case\tregion\taction", *rows, ""]))
    return path


@pytest.mark.parametrize(
    "name", ["sub-1_T2w", "sub-1_T2w.nii.gz", "sub-1/anat/sub-1_T2w.nii.gz", "sub-1_T2w_label-SC_seg.nii.gz"]
)
def test_a_row_that_a_person_wrote_is_about_the_case_however_it_is_named(desk: Desk, name: str) -> None:
    written(desk, f"{name}\tsc\tReject")
    assert decided(desk) == {"sub-1_T2w": "reject"}


def test_a_case_is_edited_where_one_of_its_masks_is(desk: Desk) -> None:
    written(
        desk, "sub-1_T2w\tsc\taccept", "sub-1_T2w\tlesion\tedit", "sub-2_T2w\tsc\tn/a", "sub-2_T2w\tlesion\twhatever"
    )
    assert decided(desk) == {"sub-1_T2w": "edit"}


def test_a_row_that_may_be_about_several_cases_is_about_none_and_stays(desk: Desk) -> None:
    first, second = desk.cases
    twins = replace(
        desk, cases=(replace(first, name="a/sub-1_T2w"), replace(second, name="b/sub-1_T2w", image=first.image))
    )
    written(twins, "sub-1_T2w\tsc\treject", "b/sub-1_T2w\tsc\taccept")
    assert decided(twins) == {"b/sub-1_T2w": "accept"}
    write_marks(twins, twins.cases[0], [{**ROW, "case": "a/sub-1_T2w"}])
    assert decided(twins) == {"a/sub-1_T2w": "accept", "b/sub-1_T2w": "accept"}
    assert "sub-1_T2w\tsc\treject" in (twins.place / "marks.tsv").read_text(encoding="utf-8")


def test_what_was_decided_of_a_thousand_cases_is_read_at_once(desk: Desk) -> None:
    cases = tuple(replace(desk.cases[0], number=number, name=f"sub-{number}_T2w") for number in range(1000))
    written(desk, *(f"{case.name}\tsc\taccept" for case in cases))
    begun = time.process_time()
    assert len(decided(replace(desk, cases=cases))) == 1000
    assert time.process_time() - begun < 1  # looked for one by one it takes four times as long


def test_rows_that_only_name_the_case_are_filled_in_at_their_place_without_a_copy(desk: Desk) -> None:
    path = written(desk, "sub-2_T2w\tn/a\tn/a", "sub-1_T2w\tn/a\tn/a", "sub-3_T2w\tn/a\tn/a")
    write_marks(desk, desk.cases[0], [ROW])
    assert [line.split("\t")[:3] for line in path.read_text(encoding="utf-8").splitlines()[1:]] == [
        ["sub-2_T2w", "n/a", "n/a"], ["sub-1_T2w", "sc", "accept"], ["sub-3_T2w", "n/a", "n/a"],
    ]  # fmt: skip
    assert not desk.superseded.exists()
