"""The page that corrects masks without a server, opened from a file."""

from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.active_learning.ingest.downloaded import downloaded
from nnunet_ext.cli.main import main
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.provenance import sha256
from tests.report.browser import ENTER, Browser
from tests.report.desk.desk_window import DeskWindow
from tests.report.made_evaluation import MadeCase, MadeEvaluation


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("report")
    folder = MadeEvaluation(root, shape=(60, 64, 24)).write([MadeCase("sub-1_T2w"), MadeCase("sub-2_T2w")])
    assert main(["report", str(folder), "-o", str(root / "report"), "--viewer"]) == 0
    return root / "report"


def test_a_correction_is_downloaded_on_the_grid_of_the_image_and_says_which_image(
    chromium: Browser, report: Path
) -> None:
    window = DeskWindow(chromium, "")
    chromium.open(report / "correct.html")
    window.ready()
    predicted = read_mask(report.parent / "predicted" / "case000.nii.gz").data
    lesion = predicted == 2
    assert window.mask().sum() == lesion.sum()
    assert window.mask().size < lesion.size  # a cut-out
    first = window.run("return desk.here.app.view.cursor")
    window.click(tuple(first))  # the largest part, which is shown first
    image = report.parent / "images" / "case000_0000.nii.gz"
    name = f"sub-1_T2w_label-lesion_seg__{sha256(image)[:12]}.nii.gz"
    (chromium.downloads / name).unlink(missing_ok=True)
    if not window.mask().any():
        window.press(ENTER)
    window.press(ENTER)
    chromium.wait((chromium.downloads / name).is_file, "the download")
    saved = read_volume(chromium.downloads / name)
    labels = read_volume(image)
    assert saved.data.shape == labels.data.shape
    assert (saved.affine == labels.affine).all()
    gone = lesion & ~(saved.data > 0)
    assert gone.any()
    assert not (saved.data[~lesion] > 0).any()
    assert downloaded(name) is not None
    window.wait_for(2)
    assert "Downloaded" in window.notice
    assert chromium.errors() == []


def test_a_draft_stays_in_the_browser(chromium: Browser, report: Path) -> None:
    window = DeskWindow(chromium, "")
    chromium.open(report / "correct.html", "#sub-2_T2w")
    window.wait_for(2)
    window.click(tuple(window.run("return desk.here.app.view.cursor")))
    mask = window.mask()
    chromium.wait(lambda: "draft kept" in "".join(chromium.texts("#saved")), "the draft")
    chromium.open(report / "correct.html")
    window.ready()
    window.go(2)
    assert np.array_equal(window.mask(), mask)
    assert "where you stopped" in window.notice
