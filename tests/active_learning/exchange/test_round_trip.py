"""From what people are given, by way of two raters and another site, to what is taken in."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.active_learning.exchange.chosen_case import ChosenCase
from nnunet_ext.active_learning.exchange.pack import pack
from nnunet_ext.active_learning.exchange.place_cases import PREDICTED
from nnunet_ext.active_learning.exchange.rater_folder import ExchangeSettings
from nnunet_ext.active_learning.exchange.sent_masks import SentMask
from nnunet_ext.active_learning.exchange.unpack import unpack
from nnunet_ext.active_learning.exchange.write_exchange import write_exchange
from nnunet_ext.active_learning.ingest.ingest import ingest
from nnunet_ext.active_learning.ingest.job import IngestJob, Returned
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.tables import table_text
from nnunet_ext.core.target import load_target
from tests.active_learning.exchange.conftest import GRID, Choose

TARGET = load_target("cord-lesion")
ONE, TWO, THREE = "gm_sub-01_T2w", "unf_sub-01_T2w", "unf_sub-02_ses-20190304_T2w"
IMAGES = {
    ONE: ("gm", "sub-01/anat/sub-01_T2w.nii.gz"),
    TWO: ("unf", "sub-01/anat/sub-01_T2w.nii.gz"),
    THREE: ("unf", "sub-02/ses-20190304/anat/sub-02_ses-20190304_T2w.nii.gz"),
}


def edited(mask: Path, plane: int) -> None:
    """Draw one voxel more, inside the cord."""
    data = read_mask(mask).data.copy()
    data[4, 4, plane] = 1 - data[4, 4, plane]
    write_mask(mask, data, GRID)


def row_of(chosen: ChosenCase) -> dict[str, str]:
    dataset, image = IMAGES[chosen.case]
    return {
        "case": chosen.case, "dataset": dataset, "image": image, "image_sha256": chosen.image_sha256[0],
        "rater": chosen.rater or "n/a",
    }  # fmt: skip


def copy_of(sent: list[SentMask], case: str, region: str, rater: str) -> str:
    return next(one.copy for one in sent if (one.case, one.region, one.rater) == (case, region, rater))


@pytest.mark.parametrize("dialect", list(Dialect))
def test_what_raters_do_at_home_and_away_is_taken_in_as_what_it_was(
    tmp_path: Path, choose: Choose, datasets: dict[str, Path], dialect: Dialect
) -> None:
    home, names = tmp_path / "rounds" / "to_correct", tmp_path / "rounds" / "pseudonyms.tsv"
    cases = [choose(*IMAGES[case], rater) for case in IMAGES for rater in ("anna", "bo")]
    settings = ExchangeSettings(TARGET, dialect, seed=5)
    sent = write_exchange(home, cases, settings, datasets)
    edited(home / copy_of(sent, ONE, "lesion", "anna"), 1)
    marks = [{"case": TWO, "action": "accept"}, {"case": THREE, "action": "reject"}]
    (home / "anna" / "marks.tsv").write_text(table_text(marks, ["case", "action"]))
    pack(home, "bo", tmp_path / "bo.zip", names, settings)
    with zipfile.ZipFile(tmp_path / "bo.zip") as opened:
        opened.extractall(tmp_path / "away")
    lesions = sorted(
        path for path in (tmp_path / "away").rglob("*.nii.gz") if "lesion" in path.name and "ses-" in path.name
    )
    edited(lesions[0], 2)
    with zipfile.ZipFile(tmp_path / "back.zip", "w") as opened:
        for path in (tmp_path / "away").rglob("*"):
            if path.is_file():
                opened.write(path, path.relative_to(tmp_path))
    taken = unpack(tmp_path / "back.zip", home, "bo", names)
    assert taken.placed == (copy_of(sent, THREE, "lesion", "bo"),)
    job = IngestJob(
        TARGET,
        datasets,
        home / PREDICTED,
        (Returned("anna", home / "anna"), Returned("bo", home / "bo")),
        tmp_path / "rounds" / "corrected",
    )
    done = ingest([row_of(one) for one in cases], job)
    assert done.problems == ()
    found = {(row["case"], row["rater"]): row["action"] for row in done.rows if row["rater"] in ("anna", "bo")}
    assert found == {
        (ONE, "anna"): "edit",
        (TWO, "anna"): "accept",
        (THREE, "anna"): "reject",
        (ONE, "bo"): "defer",
        (TWO, "bo"): "defer",
        (THREE, "bo"): "edit",
    }
    effort = {
        (row["case"], row["rater"], row["region"]): row["voxels_changed"]
        for row in done.by_region
        if row["action"] == "edit" and row["rater"] in ("anna", "bo")
    }
    assert effort[ONE, "anna", "lesion"] == "1"
    assert effort[THREE, "bo", "lesion"] == "1"


def test_the_one_rater_without_a_name_is_taken_in_from_the_folder_itself(
    tmp_path: Path, choose: Choose, datasets: dict[str, Path]
) -> None:
    cases = [choose(*IMAGES[ONE])]
    sent = write_exchange(tmp_path / "to_correct", cases, ExchangeSettings(TARGET), datasets)
    edited(tmp_path / "to_correct" / copy_of(sent, ONE, "sc", ""), 0)
    folder = tmp_path / "to_correct"
    job = IngestJob(TARGET, datasets, folder / PREDICTED, (Returned("", folder),), tmp_path / "corrected")
    done = ingest([row_of(cases[0])], job)
    assert [row["action"] for row in done.rows] == ["edit"]
    assert np.array([row["voxels_changed"] for row in done.rows]).tolist() == ["1"]
