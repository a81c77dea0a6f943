"""Pages of real runs, with a bad case, on screens of three sizes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from nnunet_ext.cli.main import main
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.volume import Array
from tests.report.browser import CHROMIUM, DRIVER, Browser, browser

pytestmark = pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="needs chromium and chromedriver")

SHAPE = (40, 80, 24)
AFFINE = np.diag([-1.0, 1.0, 2.5, 1.0])
WIDTHS = (1280, 1024, 390)
BAD = "sub-bad_acq-sag_T2w"

# What reaches beyond the screen without a box around it that scrolls.
CUT_OFF = """
const width = document.documentElement.clientWidth;
const boxed = (e) => { for (let p = e.parentElement; p; p = p.parentElement) {
  if (/auto|scroll/.test(getComputedStyle(p).overflowX) && p.getBoundingClientRect().right <= width + 1) return true;
} return false; };
return [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && !e.closest(".skip, dialog"))
  .filter((e) => e.getBoundingClientRect().width && e.getBoundingClientRect().right > width + 1 && !boxed(e))
  .map((e) => e.outerHTML.slice(0, 90));
"""
# Tables of which a part is not seen without scrolling.
SCROLLING = """
return [...document.querySelectorAll(".scroll")].filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1)
  .map((e) => e.ariaLabel);
"""


def cord(shift: int = 0) -> Array:
    x, y, z = np.indices(SHAPE)
    mask = (x - 20) ** 2 / 36 + (y - 55 + shift) ** 2 / 16 < 1
    labels: Array = mask.astype(np.uint8)
    labels[mask & (abs(x - 20) < 3) & (abs(z - 12) < 3)] = 2
    return labels


def write_labels(folder: Path, stem: str, labels: Array) -> None:
    for label, mask in (("SC", labels > 0), ("lesion", labels == 2)):
        write_mask(folder / f"{stem}_label-{label}_seg.nii.gz", mask.astype(np.uint8), AFFINE)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports of a false cord in fat, of a good case, and of masks without any reference; an agreement."""
    root = tmp_path_factory.mktemp("pages")
    for number, (stem, shift) in enumerate([(BAD, 40), ("sub-good_acq-sag_T2w", 1), ("sub-third_acq-sag_T2w", 0)]):
        write_labels(root / "ref", stem, cord())
        write_labels(root / "pred", stem, cord(shift))
        noise = np.random.default_rng(number).normal(100, 9, SHAPE) + 50 * (cord() > 0)
        write_image(root / "images" / f"{stem}.nii.gz", noise.astype(np.int16), AFFINE)
    ref, pred, images = (str(root / name) for name in ("ref", "pred", "images"))
    assert main(["evaluate", ref, pred, "-o", str(root / "scores")]) == 0
    for name in ("ref", "pred"):
        assert main(["biomarkers", "--lesion", str(root / name), "-o", str(root / f"of_{name}")]) == 0
    scores, of_ref, of_pred = (str(root / name) for name in ("scores", "of_ref", "of_pred"))
    assert main(["agreement", of_ref, of_pred, "-o", str(root / "agreement"), "--bootstrap", "100"]) == 0
    assert main(["report", scores, of_pred, "-o", str(root / "report"), "--images", images, "--viewer"]) == 0
    assert main(["report", of_pred, "-o", str(root / "alone"), "--images", images]) == 0
    return root


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened
        assert opened.errors() == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "page", ["report/report.html", f"report/cases/{BAD}.html", "agreement/agreement.html", "alone/report.html"]
)
def test_nothing_is_cut_off_on_any_screen(pages: Path, window: Browser, page: str, width: int) -> None:
    window.narrow(width, 900)
    window.open(pages / page)
    assert window.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert window.run(CUT_OFF) == []


def test_the_tables_of_the_review_and_of_the_agreement_are_seen_whole_on_a_desk(pages: Path, window: Browser) -> None:
    window.narrow(1280, 900)
    for page in ("report/report.html", "agreement/agreement.html"):
        window.open(pages / page)
        assert window.run(SCROLLING) == []


def test_the_conclusion_stands_where_a_narrow_screen_shows_it(pages: Path, window: Browser) -> None:
    window.narrow(1024, 900)
    window.open(pages / "agreement" / "agreement.html")
    edges = window.run(
        "const heads = [...document.querySelectorAll('#biomarkers th')];"
        "return heads.filter(e => e.innerText.trim() === 'In words').map(e => e.getBoundingClientRect().right)"
    )
    assert len(edges) == 1
    assert edges[0] < 1024


def test_rows_keep_their_names_while_a_table_is_scrolled(pages: Path, window: Browser) -> None:
    window.narrow(390, 844)
    window.open(pages / "report" / "report.html")
    assert "All cases" in window.run(SCROLLING)
    places = window.run(
        "const box = document.querySelector('#cases .scroll'); box.scrollLeft = 300;"
        "const first = box.querySelector('tbody th').getBoundingClientRect();"
        "return [box.scrollLeft, first.left - box.getBoundingClientRect().left, first.width]"
    )
    assert places[0] == 300
    assert abs(places[1]) < 2
    assert places[2] < 200


def test_pictures_are_large_enough_to_be_read_on_a_telephone(pages: Path, window: Browser) -> None:
    window.narrow(390, 844)
    for page, selector in (("report/report.html", "article.current .axial img"), (f"report/cases/{BAD}.html", ".grey")):
        window.open(pages / page)
        assert window.run(f"return document.querySelector('{selector}').getBoundingClientRect().width") / 7 > 120


def test_without_a_reference_there_is_neither_legend_nor_button_nor_key_of_one(pages: Path, window: Browser) -> None:
    window.narrow(1280, 900)
    window.open(pages / "report" / "report.html")
    assert window.texts("#reference") != []
    assert "cord, reference" in " ".join(window.texts("article.current .legend"))
    window.open(pages / "alone" / "report.html")
    assert window.texts("#prediction") != []
    assert window.run("return document.querySelector('#reference')") is None
    assert "reference" not in " ".join(window.texts("article.current .legend"))
    window.press("r", "o", "o")
    window.open(pages / "alone" / "cases" / f"{BAD}.html")
    assert window.run("return document.querySelector('#reference')") is None
    window.press("r")


def test_the_bad_case_has_a_picture_of_what_lies_apart_and_numbers_to_rate_by(pages: Path, window: Browser) -> None:
    window.narrow(1280, 900)
    window.open(pages / "report" / "report.html")
    assert window.run("return document.querySelector('article.current').ariaLabel") == BAD
    assert window.run("return document.querySelectorAll('article.current .apart img').length") == 3
    assert "1, 2, …: the lesions of lesions.tsv" in " ".join(window.texts("article.current .legend"))
    assert window.texts("article.current .lesions h4") == ["Lesions, with the numbers of lesions.tsv"]
    window.press("j")
    assert window.run("return document.querySelectorAll('article.current .apart').length") == 0


def test_the_list_for_manual_correction_says_which_names_it_fits(pages: Path, window: Browser) -> None:
    window.narrow(1280, 900)
    window.open(pages / "report" / "report.html")
    window.press("f")

    def save() -> None:
        window.click("#save summary")
        window.click("[data-save=correct]")

    text = window.download(save, "manual_correction.yml")
    assert yaml.safe_load(text) == {"FILES_SEG": [f"{BAD}.nii.gz"], "FILES_LESION": [f"{BAD}.nii.gz"]}
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert "--naming neuropoly" in comments[0]
    assert "are found with these flags" in comments[2]
    flags = "-path-label OUT/derivatives/labels -suffix-files-seg _label-SC_seg -suffix-files-lesion _label-lesion_seg"
    assert comments[3].endswith(flags)
    assert flags in window.run("return document.querySelector('[data-save=correct]').textContent")


def test_the_viewer_opens_on_the_lesion_and_goes_to_each_by_its_number(pages: Path, tmp_path: Path) -> None:
    with browser(tmp_path, webgl=True) as viewer:
        viewer.open(pages / "report" / "viewer.html")
        viewer.wait(lambda: viewer.run("return document.body.dataset.shown") == "0", "the case")
        assert "lesion, reference" in viewer.texts("#location")[0]
        assert viewer.texts("#lesions button") == ["1"]
        viewer.click("#lesions button")
        assert "lesion 1" in viewer.texts("#location")[0]
        assert viewer.errors() == []
