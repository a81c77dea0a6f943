import json
from pathlib import Path

import pytest

from nnunet_ext.core.dataset_files.folds import HISTORY, Folds, edited_folds, fold_digest, read_folds, renew_folds
from nnunet_ext.core.errors import DataRefusedError

OLD: Folds = [{"train": ["b"], "val": ["a"]}, {"train": ["a"], "val": ["b"]}]
NEW: Folds = [{"train": ["b", "c"], "val": ["a"]}, {"train": ["a"], "val": ["b", "c"]}]
MINE: Folds = [{"train": ["a"], "val": ["b"]}, {"train": ["b"], "val": ["a"]}]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A raw dataset that has grown from OLD to NEW, and nnU-Net's copy of OLD."""
    raw, preprocessed = tmp_path / "raw", tmp_path / "preprocessed"
    for folder, folds in ((raw, NEW), (preprocessed, OLD)):
        folder.mkdir()
        (folder / "splits_final.json").write_text(json.dumps(folds))
    (raw / "conversion.json").write_text(json.dumps({HISTORY: [fold_digest(OLD), fold_digest(NEW)]}))
    return raw, preprocessed


def test_a_copy_of_an_earlier_version_is_renewed_once(folders: tuple[Path, Path]) -> None:
    assert edited_folds(*folders) is None
    assert renew_folds(*folders)
    assert read_folds(folders[1]) == NEW
    assert not renew_folds(*folders)


def test_nnunet_finds_the_renewed_copy_the_same(folders: tuple[Path, Path]) -> None:
    from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import _maybe_copy_splits_file

    raw, preprocessed = (str(folder / "splits_final.json") for folder in folders)
    with pytest.raises(AssertionError):
        _maybe_copy_splits_file(raw, preprocessed)
    renew_folds(*folders)
    _maybe_copy_splits_file(raw, preprocessed)


def test_folds_that_a_person_edited_are_left_alone_until_the_dataset_has_taken_them_over(
    folders: tuple[Path, Path],
) -> None:
    (folders[1] / "splits_final.json").write_text(json.dumps(MINE))
    assert edited_folds(*folders) == MINE
    assert not renew_folds(*folders)
    assert read_folds(folders[1]) == MINE
    assert renew_folds(*folders, even_edited=True)
    assert read_folds(folders[1]) == NEW


def test_where_nnunet_has_no_copy_yet_none_is_made(folders: tuple[Path, Path]) -> None:
    (folders[1] / "splits_final.json").unlink()
    assert edited_folds(*folders) is None
    assert not renew_folds(*folders)
    assert read_folds(folders[1]) == []


@pytest.mark.parametrize("content", ["{", '{"train": []}', "[1]", '[{"train": ["a"]}]'])
def test_what_is_no_list_of_folds_is_refused_by_name(folders: tuple[Path, Path], content: str) -> None:
    (folders[1] / "splits_final.json").write_text(content)
    with pytest.raises(DataRefusedError, match=r"splits_final\.json: .*(JSON|train and val)"):
        renew_folds(*folders)
