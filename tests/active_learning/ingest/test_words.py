import json
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.ingest.decide import decide, minutes_of, said_absent
from nnunet_ext.active_learning.ingest.given_cases import GivenCases
from nnunet_ext.active_learning.ingest.read_said import read_said
from nnunet_ext.active_learning.ingest.words import Action, Said, Weight, Word
from nnunet_ext.core.atomic import write_json, write_text

GIVEN = GivenCases.of_rows(
    [
        {"case": f"{dataset}_{stem}", "dataset": dataset, "image": f"{stem.split('_')[0]}/anat/{stem}.nii.gz"}
        for dataset, stem in (("a", "sub-1_T2w"), ("a", "sub-10_T2w"), ("b", "sub-1_T2w"), ("b", "sub-3_T1w"))
    ],
    ["sc", "lesion"],
)


def said(folder: Path, name: str, content: str | Mapping[str, Any]) -> Said:
    if isinstance(content, str):
        write_text(folder / name, content)
    else:
        write_json(folder / name, content)
    return read_said(folder, GIVEN)


def told(found: Said, case: str) -> list[tuple[Action | None, tuple[str, ...]]]:
    return [(word.action, word.regions) for word in found.words.get(case, ())]


def test_the_review_page_says_accept_correct_and_reject_of_regions(tmp_path: Path) -> None:
    entries = [
        {"case": "a_sub-1_T2w", "mark": "pass", "regions": [], "comment": ""},
        {"case": "sub-10_T2w", "mark": "fail", "regions": ["lesion"], "comment": "no lesion"},
        {"case": "b_sub-3_T1w", "mark": "artifact", "regions": ["sc", "lesion"], "comment": ""},
        {"case": "b_sub-1_T2w", "mark": None, "regions": [], "comment": ""},
        {"case": "b_sub-3_T1w", "mark": "defer", "regions": ["sc"], "comment": "later"},
    ]
    found = said(tmp_path, "qc (1).json", {"digest": "x", "cases": entries})
    assert told(found, "a_sub-1_T2w") == [(Action.ACCEPT, ())]
    assert told(found, "a_sub-10_T2w") == [(Action.EDIT, ("lesion",))]
    assert told(found, "b_sub-3_T1w") == [(Action.REJECT, ("sc", "lesion")), (Action.DEFER, ("sc",))]
    assert told(found, "b_sub-1_T2w") == []
    assert said_absent(found.words["a_sub-10_T2w"], "lesion")


def test_the_report_of_sct_says_of_all_masks_what_its_command_may_have_made(tmp_path: Path) -> None:
    rows = [
        ("✅", "sct_deepseg", "a/sub-1/anat"),
        ("❌", "sct_deepseg_lesion", "b/sub-1/anat"),
        ("", "sct_propseg", "b"),
    ]
    entries: list[dict[str, Any]] = [
        {"path": path, "inputFile": "sub-1_T2w.nii.gz", "command": command, "qc": qc, "rank": None}
        for qc, command, path in rows
    ]
    entries.append({"path": "/x", "inputFile": "sub-3_T1w.nii.gz", "command": "sct_deepseg_sc", "qc": "⚠️", "rank": 3})
    found = said(tmp_path, "qc_report.json", {"datasets": entries, "tableState": {}})
    assert told(found, "a_sub-1_T2w") == [(Action.ACCEPT, ())]
    assert told(found, "b_sub-1_T2w") == [(Action.EDIT, ("lesion",))]
    assert told(found, "b_sub-3_T1w") == [(Action.REJECT, ("sc",))]


def test_files_seg_of_a_list_may_mean_lesions_and_a_mask_by_its_name_does_not(tmp_path: Path) -> None:
    text = (
        "FILES_SEG:\n- /data/b/sub-1/anat/sub-1_T2w.nii.gz  # 4.5 min\n- sub-3_T1w_label-lesion_seg.nii.gz\n"
        "FILES_GMSEG:\n- a/sub-10_T2w.nii.gz\nFILES_LESION:\n- a/sub-1_T2w.nii.gz\n- sub-99_T2w.nii.gz\n"
    )
    found = said(tmp_path, "qc_fail.yml", text)
    assert told(found, "b_sub-1_T2w") == [(Action.EDIT, ())]
    assert minutes_of(found.words["b_sub-1_T2w"]) == 4.5
    assert told(found, "b_sub-3_T1w") == [(Action.EDIT, ("lesion",))]
    assert told(found, "a_sub-1_T2w") == [(Action.EDIT, ("lesion",))]
    assert told(found, "a_sub-10_T2w") == []
    assert found.problems == ("qc_fail.yml: 'sub-99_T2w.nii.gz' was not given out",)


@pytest.mark.parametrize("heading", ["CORR_LESION", "FILES_LESION"])
def test_a_list_of_done_files_accepts_nothing(heading: str, tmp_path: Path) -> None:
    found = said(tmp_path, "manual.yml", f"{heading}:\n- sub-10_*.nii.gz\n")
    (word,) = found.words["a_sub-10_T2w"]
    assert (word.action, word.regions) == (None, ("lesion",))
    decision = decide([word], changed=False)
    assert decision.action is Action.DEFER
    assert ("skipped" in decision.reasons[1]) == heading.startswith("CORR")
    assert decide([word], changed=True).action is Action.EDIT


def test_artefacts_reject_and_sub_1_is_not_sub_10(tmp_path: Path) -> None:
    found = said(tmp_path, "qc_artifact.yml", "FILES_SEG:\n- a/sub-1\n")
    assert told(found, "a_sub-1_T2w") == [(Action.REJECT, ())]
    assert set(found.words) == {"a_sub-1_T2w"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("qc.json", "{"),
        ("qc.json", json.dumps({"cases": [{"case": "a_sub-1_T2w", "mark": "perfect"}]})),
        ("qc_report.json", json.dumps({"datasets": 3})),
        ("qc_fail.yml", "FILES_SEG: [&a x, *a]"),
        ("marks.tsv", "name\tverdict\n1\tfine\n"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_stops_no_other(name: str, content: str, tmp_path: Path) -> None:
    write_text(tmp_path / "more" / "marks.tsv", "case\taction\na_sub-1_T2w\taccept\n")
    found = said(tmp_path, name, content)
    assert told(found, "a_sub-1_T2w") == [(Action.ACCEPT, ())]
    (problem,) = found.problems
    assert problem.startswith(f"{name}: ")


def test_the_plainest_file_counts_and_one_that_contradicts_itself_settles_nothing() -> None:
    marks = Word("marks.tsv", Weight.MARKS, Action.ACCEPT)
    page = Word("qc.json", Weight.REVIEW_PAGE, Action.REJECT)
    other = Word("marks (1).tsv", Weight.MARKS, Action.REJECT)
    assert decide([page, marks], changed=False).action is Action.ACCEPT
    assert decide([page], changed=True) == decide([page, page], changed=True)
    assert decide([page], changed=True).action is Action.REJECT
    unsettled = decide([marks, other], changed=False)
    assert unsettled == decide([other, marks], changed=False)
    assert (unsettled.action, unsettled.reasons[0]) == (
        Action.DEFER,
        "marks (1).tsv, marks.tsv: says accept and reject",
    )


def test_a_name_in_two_datasets_means_the_one_that_a_folder_names(tmp_path: Path) -> None:
    assert GIVEN.named("b/sub-1/anat/sub-1_T2w_label-SC_seg.nii.gz") == ("b_sub-1_T2w",)
    assert len(GIVEN.named("sub-1_T2w.nii.gz")) == 2
    found = said(tmp_path, "marks.tsv", "case\taction\nsub-1_T2w\taccept\n")
    assert found.problems == ("marks.tsv line 2: 'sub-1_T2w' means several: a_sub-1_T2w, b_sub-1_T2w",)


def test_minutes_of_a_case_add_up_within_the_plainest_file() -> None:
    marks = [Word(f"marks.tsv line {line}", Weight.MARKS, minutes=float(line)) for line in (2, 3)]
    listed = Word("x.yml", Weight.LIST, minutes=60.0)
    assert minutes_of([*marks, listed, marks[0]]) == 5
    assert minutes_of([listed]) == 60
    assert minutes_of([]) is None


def test_marks_in_the_folder_of_a_dataset_are_about_its_cases(tmp_path: Path) -> None:
    found = said(tmp_path, "b/marks.tsv", "case\taction\nsub-1_T2w\taccept\n")
    assert told(found, "b_sub-1_T2w") == [(Action.ACCEPT, ())]
    assert (set(found.words), found.problems) == ({"b_sub-1_T2w"}, ())


WORDS = st.builds(
    Word,
    st.sampled_from(["marks.tsv line 2", "qc.json", "x.yml"]),
    st.sampled_from(Weight),
    st.none() | st.sampled_from(Action),
    comment=st.sampled_from(["", "no lesion", "blurred"]),
)


@given(st.lists(WORDS, max_size=5), st.booleans(), st.randoms())
def test_nothing_unchanged_is_taken_in_unless_it_was_accepted_and_nothing_changed_is_called_accepted(
    words: list[Word], changed: bool, random: Random
) -> None:
    decision = decide(words, changed=changed)
    assert decision.action is not (Action.ACCEPT if changed else Action.EDIT)
    if decision.action is Action.ACCEPT:
        assert Action.ACCEPT in {word.action for word in words}
    if not any(word.action for word in words):
        assert decision.action is (Action.EDIT if changed else Action.DEFER)
    assert decision.reasons or decision.action in (Action.ACCEPT, Action.EDIT)
    random.shuffle(words)
    assert decide([*words, *words], changed=changed) == decision
