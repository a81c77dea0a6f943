"""The group page in a real browser: keys, layers, marks, exports, print."""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from nnunet_ext.cli.main import main
from tests.report.browser import CHROMIUM, DRIVER, ENTER, ESCAPE, LEFT, RIGHT, Browser, browser
from tests.report.made_evaluation import MadeCase, MadeEvaluation

pytestmark = pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="needs chromium and chromedriver")

SCRIPT = "<script>alert('x')</script>"
ODD = "sub-é 'it''s' \"q\": #\u2028 [x]"
REFUSED = "sub-97_T2w"
IMAGELESS = "sub-99_T2w"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of 50 cases, some of them nasty."""
    root = tmp_path_factory.mktemp("fifty")
    cases = [MadeCase(f"sub-{n:02d}_T2w", ("north", "south")[n % 2], dice=(n + 2) / 60) for n in range(45)]
    cases += [
        MadeCase(REFUSED, reason="truncated, says /srv/jane/data/log.txt"),
        MadeCase(IMAGELESS, dice=0.9, has_image=False),
        MadeCase(SCRIPT, site='"><img src=x onerror=alert(1)>', dice=0.01),
        MadeCase(ODD, dice=0.02, has_image=False),
        MadeCase("lyon_sub-98_ses-2_T2w", dice=0.03),
    ]
    folder = MadeEvaluation(root).write(cases)
    assert main(["report", str(folder), "-o", str(root / "report"), "--title", "Fifty"]) == 3  # one was refused
    return root / "report"


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests."""
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def page(report: Path, window: Browser) -> Iterator[Browser]:
    """The group page, with nothing marked."""
    window.resize(1280, 900)
    window.open(report / "report.html")
    window.run("localStorage.clear()")
    window.open(report / "cases" / "sub-00_T2w.html")  # the same address again would only move within the page
    window.open(report / "report.html")
    yield window
    assert window.errors() == []


def shown(page: Browser) -> str:
    """Name the case that is shown."""
    names = page.run("return [...document.querySelectorAll('article.case.current')].map(e => e.ariaLabel)")
    assert len(names) == 1
    return str(names[0])


def coloured(page: Browser) -> int:
    """Count the pixels of the window that have the colours of outlines."""
    pixels = np.asarray(Image.open(BytesIO(page.screenshot())).convert("RGB")).astype(int)
    blue = (abs(pixels - (86, 180, 233)).sum(axis=2) < 60).sum()
    vermilion = (abs(pixels - (213, 94, 0)).sum(axis=2) < 60).sum()
    return int(blue + vermilion)


def test_a_report_of_fifty_cases_is_walked_and_marked_by_keys(page: Browser, report: Path) -> None:
    assert shown(page) == SCRIPT  # the worst lesion Dice comes first
    page.press("j")
    assert shown(page) == ODD
    page.press("f", "c", *"too wide, j p", ENTER, RIGHT, "a", "7", "j", "p", LEFT, "k")
    assert shown(page) == ODD
    assert "fail" in page.texts("article.current .verdict")[0]
    assert "too wide, j p" in page.texts("article.current .verdict")[0]
    page.press("k", "f", "u")
    assert page.texts("#progress") == ["3 of 50 marked: 1 pass, 1 fail, 1 artefact"]
    content = json.loads(page.download(lambda: save(page, "json"), "qc.json"))
    marks = {case["case"]: (case["mark"], case["rank"], case["comment"]) for case in content["cases"] if case["mark"]}
    assert marks == {
        ODD: ("fail", None, "too wide, j p"),
        "lyon_sub-98_ses-2_T2w": ("artifact", 7, ""),
        "sub-00_T2w": ("pass", None, ""),
    }
    assert len(content["cases"]) == 50
    assert content["GeneratedBy"][0]["Name"] == "nnunet_ext"


def save(page: Browser, kind: str) -> None:
    page.click("#save summary")
    page.click(f"[data-save={kind}]")


def test_failed_and_artefact_cases_are_exported_as_sct_writes_them(page: Browser) -> None:
    page.press("f", "j", "f", "j", "f")
    page.click("#regions [data-region=sc]")  # lyon's cord is fine: its lesion failed
    page.press("j", "a")
    failed = yaml.safe_load(page.download(lambda: save(page, "fail"), "qc_fail.yml"))
    assert set(failed) == {"FILES_SEG", "FILES_LESION"}
    assert sorted(failed["FILES_SEG"]) == ["case047.nii.gz", ODD + ".nii.gz"]
    assert [name for name in failed["FILES_LESION"] if name not in failed["FILES_SEG"]] == [
        "sub-98/ses-2/anat/sub-98_ses-2_T2w.nii.gz"
    ]
    artefacts = yaml.safe_load(page.download(lambda: save(page, "artifact"), "qc_artifact.yml"))
    assert artefacts == {
        "FILES_SEG": ["sub-00/anat/sub-00_T2w.nii.gz"], "FILES_LESION": ["sub-00/anat/sub-00_T2w.nii.gz"],
    }  # fmt: skip
    correct = yaml.safe_load(page.download(lambda: save(page, "correct"), "manual_correction.yml"))
    assert "sub-98_ses-2_T2w.nii.gz" in correct["FILES_LESION"]
    assert not any("/" in name for names in correct.values() for name in names)


def test_no_mark_gives_an_empty_list_that_yaml_can_read(page: Browser) -> None:
    assert yaml.safe_load(page.download(lambda: save(page, "fail"), "qc_fail.yml")) == {}


def test_outlines_are_switched_by_keys_and_by_buttons(page: Browser) -> None:
    page.run("document.querySelector('#review').scrollIntoView()")
    with_outlines = coloured(page)
    page.press("o")
    without = coloured(page)
    assert with_outlines > without + 500
    page.press(" ")
    assert coloured(page) == with_outlines
    page.press("r")
    prediction_alone = coloured(page)
    assert without < prediction_alone < with_outlines
    page.click("#reference")
    assert coloured(page) == with_outlines


def test_marks_outlive_a_reload_and_travel_as_json(page: Browser, report: Path, tmp_path: Path) -> None:
    page.press("j", "f", "3")
    marked = shown(page)
    page.open(report / "cases" / "sub-00_T2w.html")
    page.open(report / "report.html")
    page.press("j")
    assert shown(page) == marked
    assert "rank 3" in page.texts("article.current .verdict")[0]
    page.download(lambda: save(page, "json"), "qc.json")
    with browser(tmp_path / "another") as other:
        other.open(report / "report.html")
        assert other.texts("#progress")[0].startswith("0 of 50")
        other.give_file("#load", page.downloads / "qc.json")
        other.wait(lambda: "50 of 50 cases taken" in other.texts("#progress")[0], "the marks of the file")
        other.press("j")
        assert "fail, rank 3" in other.texts("article.current .verdict")[0]
        assert other.errors() == []


def test_a_file_that_is_no_export_is_named_and_changes_nothing(page: Browser, tmp_path: Path) -> None:
    other = tmp_path / "notes.json"
    other.write_text('["nothing"]', encoding="utf-8")
    page.press("f")
    page.give_file("#load", other)
    page.wait(lambda: "notes.json is no qc.json" in page.texts("#progress")[0], "a message")
    assert "fail" in page.texts("article.current .verdict")[0]


def test_cases_are_sorted_by_any_column_and_refused_ones_never_vanish(page: Browser) -> None:
    def order() -> list[str]:
        return page.texts("#list .name")

    assert len(order()) == 50
    assert order()[-1] == REFUSED
    page.click("#table th[data-key='lesion dsc'] button")
    page.click("#table th[data-key='lesion dsc'] button")
    assert order()[0] == IMAGELESS
    assert order()[-1] == REFUSED  # without a value it stays last, either way
    assert page.run("return document.querySelector(\"th[data-key='lesion dsc']\").ariaSort") == "descending"
    page.press("s")
    assert page.run("return document.querySelector('#sort').value") != "lesion dsc"
    page.run(
        "const s = document.querySelector('#filter-site'); s.value = 'south'; s.dispatchEvent(new Event('change'))"
    )
    assert len(order()) == 22
    assert "truncated, says log.txt" in " ".join(page.run("return [document.body.textContent]"))


def test_text_from_files_is_shown_and_never_run(page: Browser) -> None:
    assert page.run("return document.querySelectorAll('article script, img[src=x], td script').length") == 0
    assert shown(page) == SCRIPT
    assert SCRIPT in page.texts("article.current h3")[0]
    page.press("c", *"<b>x", ESCAPE)
    assert "<b>x" in page.texts("article.current .verdict")[0]


def test_the_keys_are_told_by_a_question_mark(page: Browser) -> None:
    page.press("?")
    assert "previous and next case" in " ".join(page.texts("#help td"))
    page.press("f", ESCAPE)
    assert page.texts("#help td") == []
    assert page.texts("#progress")[0].startswith("0 of 50")


@pytest.mark.parametrize("width", [800, 1280])
def test_nothing_is_cut_off_at_the_width(page: Browser, width: int) -> None:
    page.resize(width, 900)
    assert page.run("return document.documentElement.scrollWidth <= window.innerWidth")
    edges = page.run(
        "return [...document.querySelectorAll('.controls button, article.current .stack')]"
        ".filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect().right)"
    )
    assert len(edges) > 8
    assert max(edges) <= width


def test_all_pictures_and_buttons_have_a_name(page: Browser) -> None:
    nameless = page.run(
        "return [...document.querySelectorAll('img, button, select, input')]"
        ".filter(e => !(e.alt || e.ariaLabel || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML)"
    )
    assert nameless == []


def test_a_page_of_a_case_toggles_and_leads_on(page: Browser, report: Path) -> None:
    page.open(report / "cases" / "sub-10_T2w.html")
    seen = coloured(page)
    page.press("o")
    assert coloured(page) < seen
    page.press("j")
    page.wait(lambda: page.texts("h1")[0].startswith("sub-11_T2w"), "the next case")
    page.click("header a")
    page.wait(lambda: page.texts("article.current h3"), "the review")
    assert shown(page) == "sub-11_T2w"


def test_print_shows_every_case_with_outlines_mark_and_comment(tmp_path: Path) -> None:
    folder = MadeEvaluation(tmp_path).write([MadeCase("sub-1_T2w", dice=0.1), MadeCase("sub-2_T2w")])
    assert main(["report", str(folder), "-o", str(tmp_path / "report")]) == 0
    with browser(tmp_path / "browser") as window:
        window.open(tmp_path / "report" / "report.html")
        window.press("f", "c", *"blurred", ENTER, "o")
        window.as_printed()
        assert [text.split()[0] for text in window.texts("article.case h3")] == ["sub-1_T2w", "sub-2_T2w"]
        assert "fail, \u201cblurred\u201d" in window.texts("article.case h3")[0]
        hidden = "return getComputedStyle(document.querySelector('.layer')).visibility"
        assert window.run(hidden) == "visible"
        assert window.texts(".controls button, aside") == []
        assert window.printed().startswith(b"%PDF")
        assert window.errors() == []
