import os
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.core.dataset_files.digests import edited_labels, read_digests, write_digests
from nnunet_ext.core.dataset_files.fingerprint import fingerprint
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import load_target


@pytest.fixture
def dataset(tmp_path: Path) -> RawDataset:
    """Two training cases and one to test on, noted."""
    dataset = RawDataset(tmp_path / "Dataset007_Cord")
    for number, (case, split) in enumerate((("a", "train"), ("b", "train"), ("t", "test"))):
        write_image(dataset.image(case, split), np.full((4, 5, 6), number, np.int16), np.eye(4))
        write_mask(dataset.label(case, split), np.full((4, 5, 6), number % 2, np.uint8), np.eye(4))
    dataset.write_dataset_json(load_target("cord-lesion"), 2)
    write_digests(dataset, {})
    return dataset


def replace_as_of(file: Path, value: int) -> None:
    """Write another image in place of one, with its size and its time, as `rsync -a` may."""
    before = file.stat()
    other = file.with_name("other.nii.gz")
    write_image(other, np.full((4, 5, 6), value, np.int16), np.eye(4))
    content = other.read_bytes()
    other.unlink()
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_every_file_is_known_by_its_content(dataset: RawDataset) -> None:
    found = read_digests(dataset)
    assert len(found) == 6
    assert found == {name: sha256(dataset.folder / name) for name in found}


def test_a_label_map_that_was_changed_is_seen_whatever_its_size_and_time(dataset: RawDataset) -> None:
    before, whole = read_digests(dataset), fingerprint(dataset)
    replace_as_of(dataset.label("a", "train"), 1)
    after = read_digests(dataset)
    assert {name for name in after if after[name] != before[name]} == {"labelsTr/a.nii.gz"}
    assert fingerprint(dataset) != whole
    assert edited_labels(dataset) == {"a"}


def test_an_image_that_was_written_later_is_seen_though_its_size_is_the_same(dataset: RawDataset) -> None:
    before = read_digests(dataset)
    file = dataset.image("b", "train")
    replace_as_of(file, 7)
    os.utime(file)
    after = read_digests(dataset)
    assert {name for name in after if after[name] != before[name]} == {"imagesTr/b_0000.nii.gz"}
    assert edited_labels(dataset) == set()


def test_a_copy_elsewhere_has_the_same_fingerprint(dataset: RawDataset, tmp_path: Path) -> None:
    import shutil

    for keep_times in (shutil.copy2, shutil.copyfile):
        copied = RawDataset(shutil.copytree(dataset.folder, tmp_path / keep_times.__name__, copy_function=keep_times))
        assert fingerprint(copied) == fingerprint(dataset)


def test_a_dataset_without_the_table_is_read_or_known_by_time(dataset: RawDataset) -> None:
    noted = read_digests(dataset)
    (dataset.folder / "files.tsv").unlink()
    assert read_digests(dataset) == noted
    by_time = read_digests(dataset, by_time=True)
    assert {name for name in noted if by_time[name] == noted[name]} == {name for name in noted if "labels" in name}
    os.utime(dataset.image("a", "train"))
    again = read_digests(dataset, by_time=True)
    assert {name for name in again if again[name] != by_time[name]} == {"imagesTr/a_0000.nii.gz"}
