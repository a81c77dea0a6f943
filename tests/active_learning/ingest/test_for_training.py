from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.active_learning.ingest.effort_summary import SUMMARY_COLUMNS, effort_summary
from nnunet_ext.active_learning.ingest.for_training import for_training
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.slices import Slices
from nnunet_ext.core.tables import read_table
from nnunet_ext.core.target import load_target
from tests.active_learning.ingest.made_round import GRID, STEMS, MadeRound

TARGET = load_target("cord-lesion")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeRound:
    """A case that was accepted, one of whose lesions three slices were looked at, and one that was put off."""
    made = MadeRound(tmp_path_factory.mktemp("round")).make()
    made.draw(made.more(STEMS[1]), STEMS[1])
    made.mark(
        [
            {"case": STEMS[0], "action": "accept", "minutes": "1"},
            {"case": STEMS[1], "action": "edit", "region": "lesion", "slices": "5,9-10", "minutes": "3"},
        ]
    )
    made.ingest()
    return made


def test_training_sees_what_the_table_says_was_taken_in(made: MadeRound) -> None:
    rows = read_table(made.verified.parent / "ingest.tsv")
    whole, part = for_training(rows, made.verified)
    assert [whole.case, part.case] == [f"zurich_{STEMS[0]}", f"zurich_{STEMS[1]}"]
    root = made.verified.parent
    drawn = {label.name: label for label in whole.labels(TARGET, root)}
    for region, label in drawn.items():
        ((_, file),) = label.files
        assert np.array_equal(read_mask(root / file).data, made.mask(STEMS[0], region))
        assert label.slices is None
    cord, lesion = part.labels(TARGET, root)
    assert not cord.annotated
    assert lesion.slices == Slices(2, frozenset({5, 9, 10}))


def test_a_mask_that_changed_since_it_was_taken_in_is_refused(made: MadeRound) -> None:
    whole, _ = for_training(read_table(made.verified.parent / "ingest.tsv"), made.verified)
    path, _ = whole.masks["lesion"]
    kept = read_mask(path).data
    write_mask(path, 1 - kept, GRID)
    with pytest.raises(FileRefusedError, match="it changed since it was taken in"):
        whole.labels(TARGET, made.verified)
    write_mask(path, kept, GRID)
    assert all(label.annotated for label in whole.labels(TARGET, made.verified))


def test_effort_is_summed_for_each_rater_and_for_all(made: MadeRound) -> None:
    one, every = effort_summary(read_table(made.verified.parent / "ingest.tsv"))
    assert list(one) == list(SUMMARY_COLUMNS)
    assert {**one, "rater": "all"} == every
    assert (one["cases"], one["accept"], one["edit"], one["defer"], one["share_accepted"]) == (
        "3",
        "1",
        "1",
        "1",
        "0.500",
    )
    assert (one["voxels_changed"], one["slices_changed"], one["minutes"], one["timed_cases"]) == ("1", "1", "4", "2")


def test_of_several_raters_training_sees_the_consensus_and_work_is_the_raters(tmp_path: Path) -> None:
    made = MadeRound(tmp_path, raters=("ann", "bob"), stems=STEMS[:1]).make()
    for rater in made.raters:
        made.draw(made.more(rater=rater), rater=rater)
    rows = made.ingest().rows
    (case,) = for_training(rows, made.verified)
    assert [path.parts[-4] for path, _ in case.masks.values()] == ["labels"]
    assert [(row["rater"], row["voxels_changed"]) for row in effort_summary(rows)] == [
        ("ann", "1"), ("bob", "1"), ("all", "2"),
    ]  # fmt: skip
