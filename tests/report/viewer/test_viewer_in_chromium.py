"""The 3-D viewer in a real browser, drawn without a graphics card."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnunet_ext.cli.main import main
from tests.report.browser import CHROMIUM, DRIVER, Browser, browser
from tests.report.made_evaluation import MadeCase, MadeEvaluation

pytestmark = pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="needs chromium and chromedriver")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("viewer")
    folder = MadeEvaluation(root).write([MadeCase("sub-1_T2w", dice=0.5), MadeCase("sub-2_T2w", dice=0.9)])
    assert main(["report", str(folder), "-o", str(root / "report"), "--viewer"]) == 0
    return root / "report"


def wait_for_case(window: Browser, number: int) -> None:
    window.wait(
        lambda: window.run("return document.body.dataset.shown") == str(number) or window.texts("#message"), "the case"
    )


def yellow(window: Browser) -> int:
    """Count pixels of the colours of predictions."""
    pixels = np.asarray(Image.open(BytesIO(window.screenshot())).convert("RGB")).astype(int)[130:]
    return int(((pixels[..., 0] - pixels[..., 2] > 60) & (pixels[..., 1] - pixels[..., 2] > 30)).sum())


def test_the_viewer_draws_cases_from_a_file_and_toggles_masks(report: Path, tmp_path: Path) -> None:
    with browser(tmp_path, webgl=True) as window:
        window.open(report / "viewer.html", "#case-2")
        wait_for_case(window, 1)
        assert window.texts("#message") == []  # there is WebGL 2
        assert window.run("return document.querySelector('#case').selectedOptions[0].text") == "sub-2_T2w"
        with_masks = yellow(window)
        window.press("o")
        assert yellow(window) < with_masks / 10
        window.press("o", "k")
        wait_for_case(window, 0)
        assert yellow(window) > with_masks / 10
        assert window.errors() == []


def test_without_webgl_the_viewer_says_so_in_words(report: Path, tmp_path: Path) -> None:
    with browser(
        tmp_path, flags=("--disable-gpu", "--disable-webgl", "--disable-webgl2", "--disable-3d-apis")
    ) as window:
        window.open(report / "viewer.html")
        window.wait(lambda: window.texts("#message"), "a message")
        assert "cannot draw in three dimensions" in window.texts("#message")[0]
        assert not [message for message in window.errors() if "Uncaught" in message]
