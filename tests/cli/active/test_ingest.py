import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.active_learning.claim import claim
from nnunet_ext.active_learning.exchange.sent_masks import SentMask, read_sent
from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.round_state import INGESTED, TRAINED
from nnunet_ext.core.atomic import write_bytes, write_text
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import read_table, table_text
from tests.active_learning.loop import Loop
from tests.kills.dying import Death, run_apart
from tests.kills.scenario import differences, tree_of

CASES = [f"geneva_sub-g{number}_T2w" for number in range(3)]


@pytest.fixture
def loop(tmp_path: Path) -> Loop:
    """A loop of two raters, both of whom were given all three cases of the pool."""
    loop = Loop(tmp_path).write()
    code, said = loop.init("--raters", "anna", "ben")
    assert code == 0, said
    loop.hand_out("anna", "ben")
    return loop


def copy(loop: Loop, case: str, rater: str) -> Path:
    def is_it(mask: SentMask) -> bool:
        return (mask.case, mask.rater, mask.region) == (case, rater, "lesion")

    to_correct = loop.rounds.round(1).to_correct
    (sent,) = filter(is_it, read_sent(to_correct))
    return to_correct / sent.copy


def edit(loop: Loop, case: str, rater: str, at: int = 10) -> None:
    mask = read_mask(copy(loop, case, rater))
    more = mask.data.copy()
    more[9, 11, at] = 1
    write_mask(copy(loop, case, rater), more, mask.affine)


def accept(loop: Loop, *cases: str) -> None:
    for rater in ("anna", "ben"):
        rows = [{"case": case, "action": "accept"} for case in cases]
        write_text(loop.rounds.round(1).to_correct / rater / "marks.tsv", table_text(rows, ["case", "action"]))


def take_in(loop: Loop, *arguments: object) -> tuple[int, str]:
    return loop.call("active", "ingest", loop.rounds.root, *arguments)


def events(loop: Loop) -> list[str]:
    return [entry.event for entry in Journal(loop.rounds.journal).entries()]


def test_a_round_is_taken_in_as_it_comes_back_and_the_same_call_again_says_nothing_new(loop: Loop) -> None:
    accept(loop, CASES[0])
    code, said = take_in(loop)
    assert code == 0, said
    assert "anna: 1 accepted, 0 edited, 0 rejected, 2 put off, 0 voxels changed" in said
    assert "1 cases can be trained on, 4 corrections are not back; next: nnunet_ext active status" in said
    assert loop.status()["left"] == {"anna": 2, "ben": 2}
    accept(loop, *CASES)
    edit(loop, CASES[1], "anna")
    edit(loop, CASES[1], "ben")
    assert take_in(loop)[0] == 0
    before = loop.rounds.journal.read_bytes()
    code, said = take_in(loop, "--json")
    told = json.loads(said)
    assert (code, told["usable"], told["adjudicate"]) == (0, 3, [])
    assert [row["share_accepted"] for row in told["raters"]] == ["0.667"] * 3
    assert told["next"] == f"nnunet_ext active train {loop.rounds.root}"
    assert loop.rounds.journal.read_bytes() == before
    assert events(loop)[-2:] == [INGESTED, INGESTED]
    assert loop.status()["stage"] == "ingested"
    assert loop.status()["problems"] == []


def test_a_damaged_mask_ends_with_3_and_stops_no_other(loop: Loop) -> None:
    accept(loop, *CASES)
    path = copy(loop, CASES[1], "ben")
    write_bytes(path, path.read_bytes()[:100])
    code, said = take_in(loop)
    assert code == 3
    assert f"1 of 6 corrections were not taken in, the rest was: {CASES[1]} of ben: lesion: {path.name}" in said
    rows = read_table(loop.rounds.round(1).ingest)
    assert [row["action"] for row in rows if row["rater"] == "ben"] == ["accept", "defer", "accept"]
    assert events(loop)[-1] == INGESTED


def test_raters_who_differ_are_settled_in_a_folder_of_the_consensus(loop: Loop) -> None:
    settings = loop.rounds.settings
    write_text(settings, settings.read_text().replace('consensus = "majority"', 'consensus = "adjudicate"'))
    accept(loop, *CASES)
    edit(loop, CASES[2], "anna")
    code, said = take_in(loop)
    assert code == 0, said
    assert f"to adjudicate: {CASES[2]}, lesion: raters differ" in said
    settled = loop.rounds.round(1).to_correct / "consensus" / copy(loop, CASES[2], "anna").name
    write_bytes(settled, copy(loop, CASES[2], "anna").read_bytes())
    write_text(settled.with_name("marks.tsv"), f"case\tregion\taction\n{CASES[2]}\tcord\taccept\n")
    code, said = take_in(loop)
    assert code == 0, said
    assert "3 cases can be trained on, 0 corrections are not back; next: nnunet_ext active train" in said


def test_folders_that_were_mailed_are_taken_in_too(loop: Loop, tmp_path: Path) -> None:
    mailed = tmp_path / "mail" / copy(loop, CASES[0], "ben").name
    write_mask(mailed, np.roll(read_mask(copy(loop, CASES[0], "ben")).data, 1, axis=2), np.diag([-1.0, 1, 2, 1]))
    code, said = take_in(loop, "--returned", f"ben={mailed.parent}")
    assert code == 0, said
    assert "ben: 0 accepted, 1 edited" in said


def saved_by_a_page(loop: Loop, case: str, at: str, digest: str = "") -> Path:
    """Save a mask of lesions of one voxel more as a page without a server does, in ben's downloads."""
    mask, image = read_mask(copy(loop, case, "ben")), loop.geneva.root / "sub-g0" / "anat" / "sub-g0_T2w.nii.gz"
    more = mask.data.copy()
    more[9, 11, 10] = 1
    name = at.format(f"{case}_label-lesion_seg__{digest or sha256(image)[:12]}")
    path = loop.root / "downloads" / name
    written = path.with_name("mask.nii.gz")
    write_mask(written, more, mask.affine)
    return written.rename(path)


@pytest.mark.parametrize("at", ["{}.nii.gz", "{} (1).nii.gz", "{}.nii (2).gz", "{}(1).nii.gz"])
def test_a_mask_that_a_page_saved_by_download_is_taken_by_name_and_digest(loop: Loop, at: str) -> None:
    saved = saved_by_a_page(loop, CASES[0], at)
    code, said = take_in(loop, "--returned", f"ben={saved.parent}")
    assert code == 0, said
    assert "ben: 0 accepted, 1 edited, 0 rejected, 2 put off, 1 voxels changed" in said


def test_a_mask_that_a_page_saved_of_another_image_is_refused_by_name(loop: Loop) -> None:
    saved = saved_by_a_page(loop, CASES[0], "{}.nii.gz", "0123456789ab")
    code, said = take_in(loop, "--returned", f"ben={saved.parent}")
    assert code == 3
    assert (
        f"{CASES[0]} of ben: lesion: {saved.name}: it was drawn on an image whose SHA-256 begins with 01234567" in said
    )


def test_nothing_is_taken_in_before_it_is_given_out_or_when_the_round_is_over(loop: Loop, tmp_path: Path) -> None:
    Journal(loop.rounds.journal).append(TRAINED, {"round": 1})
    code, said = take_in(loop)
    assert code == 2
    assert f"begin the next: nnunet_ext active query {loop.rounds.root}" in said
    other = Loop(tmp_path / "other").write()
    other.init()
    code, said = take_in(other)
    assert code == 2
    assert f"run: nnunet_ext active query {other.rounds.root}" in said


def test_another_process_that_holds_the_loop_is_a_conflict(loop: Loop) -> None:
    with claim(loop.rounds):
        assert take_in(loop)[0] == 5
    assert not loop.rounds.round(1).ingest.exists()


def test_killed_before_or_after_the_last_table_or_the_journal_the_same_call_ends_alike(loop: Loop) -> None:
    accept(loop, *CASES)
    edit(loop, CASES[1], "anna")
    kept = loop.root / "kept"
    shutil.copytree(loop.rounds.root, kept, symlinks=True)

    def left() -> dict[str, str]:
        tree = {name: digest for name, digest in tree_of(loop.rounds.root).items() if name != loop.rounds.journal.name}
        said = [(entry.event, entry.fields) for entry in Journal(loop.rounds.journal).entries()]  # not when
        return {**tree, "journal": json.dumps(said)}

    def work() -> int:
        return take_in(loop)[0]

    whole = run_apart(work, loop.rounds.root, {})
    assert whole.code == 0, whole.said
    expected = left()
    (table,) = (number for number, event in enumerate(whole.events) if event.endswith("round-001/ingest.tsv"))
    first, *_, last = (number for number, event in enumerate(whole.events) if event == "open journal.jsonl")
    assert table < first
    for death in (Death(table), Death(table, after=True), Death(first), Death(last, after=True)):
        shutil.rmtree(loop.rounds.root)
        shutil.copytree(kept, loop.rounds.root, symlinks=True)
        assert run_apart(work, loop.rounds.root, {}, death).code == -9
        assert take_in(loop)[0] == 0
        assert not differences(expected, left()), str(death)
