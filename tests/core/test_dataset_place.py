from pathlib import Path

import pytest

from nnunet_ext.core.dataset_place import beside, only_writer, stands, swap
from nnunet_ext.core.raw_dataset import RawDataset


def made(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "dataset.json").write_text(text)
    return folder


def test_a_dataset_that_a_kill_hid_between_two_renames_is_put_back(tmp_path: Path) -> None:
    dataset = RawDataset.named(tmp_path, 7, "Cord")
    assert not stands(dataset)
    made(beside(dataset, "previous"), "old")
    assert stands(dataset)
    assert (dataset.folder / "dataset.json").read_text() == "old"
    assert not beside(dataset, "previous").exists()


def test_a_swap_that_fails_leaves_the_dataset_that_stood_there(tmp_path: Path) -> None:
    dataset = RawDataset.named(tmp_path, 7, "Cord")
    made(dataset.folder, "old")
    with pytest.raises(FileNotFoundError):
        swap(RawDataset(tmp_path / "nowhere"), dataset)
    assert (dataset.folder / "dataset.json").read_text() == "old"
    swap(RawDataset(made(tmp_path / "new", "new")), dataset)
    assert (dataset.folder / "dataset.json").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == [dataset.folder.name]


def test_the_next_writer_sweeps_what_a_killed_one_left_in_the_dataset(tmp_path: Path) -> None:
    dataset = RawDataset.named(tmp_path, 7, "Cord")
    for folder in (dataset.folder, beside(dataset, "unfinished") / "imagesTr"):
        made(folder, "whole")
        (folder / ".part-1.html").write_text("half")
    with only_writer(dataset):
        assert [path for path in tmp_path.rglob("*") if path.name.startswith(".part-")] == []
