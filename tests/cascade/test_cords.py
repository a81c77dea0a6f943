from pathlib import Path

import pytest

from nnunet_ext.cascade.cords import find_cords, has_folds, refuse_seen_cases
from nnunet_ext.core.errors import DataRefusedError
from tests.cascade.field import CORD, Field, drawn

FOLDS = [{"train": ["b", "c"], "val": ["a"]}, {"train": ["a", "c"], "val": ["b"]}]
SPLITS = Path("splits_final.json")


def test_the_validation_cases_of_all_folds_are_gathered_with_their_fold(tmp_path: Path) -> None:
    field = Field(tmp_path)
    results = field.localizer({"a": (0, drawn(CORD)), "b": (1, drawn(CORD))})
    (results / "fold_0" / "validation" / "summary.json").write_text("{}")
    tests = field.cord("t", drawn(CORD))
    cords = find_cords([results, tests])
    assert {case: cord.fold for case, cord in cords.items()} == {"a": "0", "b": "1", "t": ""}
    assert cords["a"].file == results / "fold_0" / "validation" / "a.nii.gz"
    assert (has_folds(results), has_folds(tests)) == (True, False)


def test_two_predictions_of_one_case_are_refused(tmp_path: Path) -> None:
    field = Field(tmp_path)
    folders = [field.localizer({"a": (0, drawn(CORD))}), field.cord("a", drawn(CORD))]
    with pytest.raises(DataRefusedError, match="found two of a"):
        find_cords(folders)


def test_a_folder_without_predictions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataRefusedError, match="there are none"):
        find_cords([tmp_path])


def test_cords_of_folds_that_had_not_seen_the_case_are_taken(tmp_path: Path) -> None:
    cords = find_cords([Field(tmp_path).localizer({"a": (0, drawn(CORD)), "b": (1, drawn(CORD))})])
    refuse_seen_cases(cords, ["a", "b", "no cord"], FOLDS, SPLITS)
    assert set(cords) == {"a", "b"}


@pytest.mark.parametrize("fold", [1, 7])
def test_a_cord_of_a_fold_that_trained_on_its_case_or_that_nobody_knows_is_refused(tmp_path: Path, fold: int) -> None:
    cords = find_cords([Field(tmp_path).localizer({"a": (fold, drawn(CORD)), "b": (1, drawn(CORD))})])
    with pytest.raises(DataRefusedError, match=rf"trained on them: a \(fold {fold}\)"):
        refuse_seen_cases(cords, ["a", "b"], FOLDS, SPLITS)
    refuse_seen_cases(cords, ["b"], FOLDS, SPLITS)


def test_a_network_trained_on_all_cases_has_seen_each(tmp_path: Path) -> None:
    field = Field(tmp_path)
    results = field.localizer({"b": (1, drawn(CORD))})
    field.cord("a", drawn(CORD), str((results / "fold_all" / "validation").relative_to(tmp_path)))
    with pytest.raises(DataRefusedError, match=r"a \(fold all\)"):
        refuse_seen_cases(find_cords([results]), ["a", "b"], FOLDS, SPLITS)


def test_of_cords_without_a_fold_nothing_is_known(tmp_path: Path) -> None:
    cords = find_cords([Field(tmp_path).cord("a", drawn(CORD))])
    refuse_seen_cases(cords, ["a"], [], SPLITS)
    assert cords["a"].fold == ""
