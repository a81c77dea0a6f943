"""Tumours: two images a case, and more regions than manual-correction has keys for."""

import shlex
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml

from nnunet_ext.active_learning.exchange.chosen_case import ChosenCase
from nnunet_ext.active_learning.exchange.pack import pack
from nnunet_ext.active_learning.exchange.rater_folder import ExchangeSettings
from nnunet_ext.active_learning.exchange.write_exchange import write_exchange
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.target import load_target
from tests.active_learning.exchange.conftest import GRID, SHAPE

SETTINGS = ExchangeSettings(load_target("tumor"))
IMAGES = ("sub-7/anat/sub-7_T2w.nii.gz", "sub-7/anat/sub-7_ce-gad_T1w.nii.gz")


@pytest.fixture
def case(tmp_path: Path) -> ChosenCase:
    root = tmp_path / "pool"
    for number, image in enumerate(IMAGES):
        write_image(root / image, np.full(SHAPE, number, dtype=np.int16), GRID)
    regions = ("sc", "core", "cavity")
    masks = {region: tmp_path / f"{region}.nii.gz" for region in regions}
    for file in masks.values():
        write_mask(file, np.ones(SHAPE, dtype=np.uint8), GRID)
    row = {
        "case": "lab_sub-7_T2w", "dataset": "lab", "image": ";".join(IMAGES), "rater": "n/a", "reason": "odd",
        "image_sha256": ";".join(sha256(root / image) for image in IMAGES),
    }  # fmt: skip
    return ChosenCase.of_row(row, root, masks)


def test_every_channel_is_there_and_every_region_has_a_list(tmp_path: Path, case: ChosenCase) -> None:
    out = tmp_path / "to_correct"
    write_exchange(out, [case], SETTINGS, {"lab": tmp_path / "pool"})
    for image in IMAGES:
        assert (out / image).read_bytes() == (tmp_path / "pool" / image).read_bytes()
    assert yaml.safe_load((out / "files.yml").read_text()) == {
        "FILES_SEG": ["sub-7_T2w.nii.gz"],
        "FILES_LESION": ["sub-7_T2w.nii.gz"],
    }
    assert yaml.safe_load((out / "files-cavity.yml").read_text()) == {"FILES_LESION": ["sub-7_T2w.nii.gz"]}
    lines = (out / "commands.txt").read_text().splitlines()
    fsleyes = next(shlex.split(line) for line in lines if line.startswith("fsleyes"))
    assert fsleyes[2:4] == list(IMAGES)
    suffixes = {word for line in lines if line.startswith("python") for word in shlex.split(line) if "_label-" in word}
    masks = out / "derivatives" / "labels" / "sub-7" / "anat"
    assert {f"sub-7_T2w{suffix}.nii.gz" for suffix in suffixes} == {mask.name for mask in masks.glob("*.nii.gz")}


def test_every_channel_is_sent_away(tmp_path: Path, case: ChosenCase) -> None:
    write_exchange(tmp_path / "to_correct", [case], SETTINGS, {"lab": tmp_path / "pool"})
    pack(tmp_path / "to_correct", "", tmp_path / "a.zip", tmp_path / "names.tsv", SETTINGS)
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        images = {name for name in opened.namelist() if name.startswith("to_correct/sub-") and name.endswith(".gz")}
    assert images == {f"to_correct/sub-001/anat/sub-001_{contrast}.nii.gz" for contrast in ("T2w", "T1w")}


def test_a_second_channel_that_changed_is_refused(tmp_path: Path, case: ChosenCase) -> None:
    write_image(case.images[1], np.full(SHAPE, 9, dtype=np.int16), GRID)
    with pytest.raises(FileRefusedError, match="has changed since"):
        write_exchange(tmp_path / "to_correct", [case], SETTINGS, {"lab": tmp_path / "pool"})
