import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from nnunet_ext.core.errors import ConflictError, UsageError
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.phantom.entities.entity import Entity
from nnunet_ext.phantom.entities.write_entities import write_entities
from nnunet_ext.phantom.site import Site

Sites = tuple[Site, Site]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, small_sites: Sites) -> Path:
    return write_entities(tmp_path_factory.mktemp("d") / "bids", patients_per_entity=1, seed=4, sites=small_sites)


def digests(root: Path) -> dict[str, str]:
    files = (file for file in sorted(root.rglob("*")) if file.is_file())
    return {str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def table(root: Path, name: str = "participants.tsv") -> pd.DataFrame:
    return pd.read_csv(root / name, sep="\t", index_col="participant_id")


def test_each_entity_has_its_patients_with_age_sex_site_and_three_readers(written: Path) -> None:
    found = table(written)
    assert found["diagnosis"].value_counts().to_dict() == dict.fromkeys(map(str, Entity), 1)
    assert sorted(found.index) == sorted(folder.name for folder in written.glob("sub-*"))
    described = json.loads((written / "participants.json").read_text())
    assert list(found.columns) == list(described)
    assert {"age", "sex", "site", "diagnosis", "reader_1", "reader_2", "reader_3"} == set(described)
    for column in ("diagnosis", "reader_1", "reader_2", "reader_3"):
        assert set(found[column]) <= set(described[column]["Levels"]) == set(Entity)


def test_what_was_drawn_stands_in_a_table_of_its_own_and_agrees_with_the_masks(written: Path) -> None:
    drawn = table(written, "drawn.tsv")
    assert list(drawn.index) == list(table(written).index)
    assert not {"diagnosis", "age"} & set(drawn.columns)
    for subject, row in drawn.iterrows():
        images = [file.name for file in (written / str(subject) / "anat").glob("*.nii.gz")]
        assert len(images) == 1 + row["gadolinium"]
        assert any(name.endswith("_acq-sag_T2w.nii.gz") for name in images)
        (lesion,) = (written / "derivatives" / "labels" / str(subject)).rglob("*acq-sag_T2w_label-lesion*.nii.gz")
        mask = read_mask(lesion)
        assert mask.data.any()
        (image,) = (written / str(subject)).rglob("*_T2w.nii.gz")
        assert (read_volume(image).affine == mask.affine).all()


def test_the_same_arguments_give_the_same_bytes_in_one_process_and_in_two(
    tmp_path: Path, written: Path, small_sites: Sites
) -> None:
    again = write_entities(tmp_path / "again", patients_per_entity=1, seed=4, sites=small_sites, n_procs=2)
    assert len(digests(again)) >= 4 * 6
    assert digests(again) == digests(written)


def test_a_finished_dataset_is_left_as_it_is_and_another_seed_refused(written: Path, small_sites: Sites) -> None:
    before = digests(written)
    write_entities(written, patients_per_entity=1, seed=4, sites=small_sites)
    assert digests(written) == before
    with pytest.raises(ConflictError, match="made otherwise"):
        write_entities(written, patients_per_entity=1, seed=5, sites=small_sites)


def test_senseless_numbers_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    for patients, sessions, seed in ((0, 1, 1), (1, 0, 1), (1, 1, -1)):
        with pytest.raises(UsageError, match="found"):
            write_entities(tmp_path / "d", patients_per_entity=patients, sessions=sessions, seed=seed)
    assert not (tmp_path / "d").exists()
