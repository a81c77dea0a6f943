import base64
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnunet_ext.core.volume import Volume
from nnunet_ext.evaluation.case import evaluate_case
from nnunet_ext.evaluation.dictionary import METRICS, symbols
from nnunet_ext.evaluation.preset import SCISEG2
from nnunet_ext.evaluation.summary import summary_table
from nnunet_ext.evaluation.tables import metrics_table
from nnunet_ext.report.content import CaseEntry, Headline, ReportContent, SkippedCase
from nnunet_ext.report.curves import training_figure
from nnunet_ext.report.overlay import RegionMasks, case_figure
from nnunet_ext.report.page import render_report
from nnunet_ext.report.site_table import site_table

REGIONS = {"sc": (1, 2), "lesion": (2,)}
NASTY = "<script>alert('x')</script>"
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Reads a page: its tags, the text of each, and whether all are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.unclosed: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.unclosed.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if self.unclosed[-1:] != ["style"] else ""

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def case(name: str, missing_slices: int = 0, *, scored: bool = True) -> CaseEntry:
    reference = np.zeros((24, 24, 12), dtype=np.uint8)
    reference[8:16, 8:16] = 1
    reference[10:13, 10:13, 3:9] = 2
    prediction = reference.copy()
    prediction[:, :, :missing_slices] = 0
    image = Volume((reference * 100).astype(np.float32), np.diag([-1.0, 1, 3, 1]))
    picture = case_figure(
        image,
        {name: RegionMasks(np.isin(reference, of), np.isin(prediction, of)) for name, of in REGIONS.items()},
    )
    rows = evaluate_case(reference, prediction, 3.0, REGIONS, case=name, site="here") if scored else ()
    return CaseEntry(name, "here", picture, tuple(rows))


@pytest.fixture(scope="module")
def content() -> ReportContent:
    cases = (case("good"), case(NASTY, 8), case("middling", 4), case("unscored", scored=False))
    return ReportContent(
        title="Demo",
        lead="Three patients.",
        findings=("One case is poor.",),
        headlines=(Headline("Cord Dice", 0.934, 0.9), Headline("Lesion Dice", 0.512, 0.6), Headline("Seconds", 9.0)),
        cases=cases,
        skipped=(SkippedCase("sub-09", "the label is missing"),),
        sites=site_table(summary_table(metrics_table(row for one in cases for row in one.metrics)), {"sc": "cord"}),
        training_curve=training_figure([0, -0.5], [0, -0.4], {"sc": [0.2, 0.7]}),
        definitions=METRICS,
        symbols=symbols(SCISEG2),
        facts={"Seed": "0"},
        region_names={"sc": "cord"},
    )


def test_every_tag_is_closed_in_order(content: ReportContent) -> None:
    assert Page(render_report(content)).unclosed == []


def test_nothing_is_fetched_from_elsewhere(content: ReportContent) -> None:
    html = render_report(content)
    page = Page(html)
    assert not re.search(r"https?://|url\(|@import", html)
    assert not {"script", "link", "iframe", "object", "base"} & {name for name, _ in page.tags}
    assert all(str(image["src"]).startswith("data:image/png;base64,") for image in page.all("img"))
    assert all(str(link["href"]).startswith("#") for link in page.all("a"))


def test_the_page_forbids_everything_but_its_own_pictures_and_style(content: ReportContent) -> None:
    policies = [meta["content"] for meta in Page(render_report(content)).all("meta") if "http-equiv" in meta]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_text_from_files_is_shown_and_never_run(content: ReportContent) -> None:
    html = render_report(replace(content, title=NASTY, lead=NASTY, problems=(NASTY,), facts={NASTY: NASTY}))
    assert "<script" not in html
    assert Page(html).text.count(NASTY) > 5


def test_every_link_leads_somewhere_on_the_page(content: ReportContent) -> None:
    page = Page(render_report(content))
    targets = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert {str(link["href"])[1:] for link in page.all("a")} <= targets
    assert {f"case-{number}" for number in range(1, 5)} <= targets


def test_every_case_has_a_picture_that_decodes(content: ReportContent) -> None:
    pictures = [str(image["src"]).split(",", 1)[1] for image in Page(render_report(content)).all("img")]
    assert len(pictures) == len(content.cases) + 1  # and the training curve
    for picture in pictures:
        with Image.open(BytesIO(base64.b64decode(picture, validate=True))) as decoded:
            assert decoded.format == "PNG"
            assert min(decoded.size) > 300


def test_the_worst_case_comes_first_and_the_unscored_last(content: ReportContent) -> None:
    html = render_report(content)
    order = [html.index(f"<h3>{name}") for name in ("&lt;script", "middling", "good", "unscored")]
    assert order == sorted(order)


def test_figures_stand_beside_what_was_wanted(content: ReportContent) -> None:
    text = Page(render_report(content)).text
    assert "0.934" in text
    assert "✓ reached the target of 0.90" in text
    assert "✗ below the target of 0.60" in text


def test_skipped_images_stand_with_their_reasons(content: ReportContent) -> None:
    text = Page(render_report(content)).text
    assert "sub-09" in text
    assert "the label is missing" in text


def test_a_page_without_a_single_case_says_so() -> None:
    failed = ReportContent("Demo", "", problems=("Training stopped.",), headlines=(Headline("Cord Dice", None, 0.9),))
    page = Page(render_report(failed))
    for sentence in ("Training stopped.", "No case reached this page.", "Nothing was skipped.", "no figure for"):
        assert sentence in page.text
    assert page.all("img") == []
    assert page.unclosed == []


def test_a_lesion_free_case_kept_clean_is_not_sold_as_a_perfect_lesion(content: ReportContent) -> None:
    labels = np.ones((4, 4, 4), dtype=np.uint8)
    rows = evaluate_case(labels, labels, 1.0, REGIONS, case="healthy", site="here")
    healthy = CaseEntry("healthy", "here", content.cases[0].picture, tuple(rows))
    text = " ".join(Page(render_report(replace(content, cases=(healthy,)))).text.split())
    assert "no lesion, none predicted" in text
    assert "none to find" in text


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("/data/jane/bids/sub-1_T2w.nii.gz: truncated", "sub-1_T2w.nii.gz: truncated"),
        ("see 'C:\\Users\\jane\\run.log'", "see 'run.log'"),
        ("12 mm/s and/or 3/4/5", "12 mm/s and/or 3/4/5"),
    ],
)
def test_folders_of_this_machine_do_not_reach_the_page(content: ReportContent, reason: str, shown: str) -> None:
    page = Page(render_report(replace(content, skipped=(SkippedCase("sub-1", reason),))))
    assert shown in page.text
    assert "jane" not in page.text


def test_the_same_content_gives_the_same_page(content: ReportContent) -> None:
    assert render_report(content) == render_report(content)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium to look at the page")
def test_a_browser_shows_the_pictures_and_the_style(content: ReportContent, tmp_path: Path) -> None:
    magenta = BytesIO()
    Image.new("RGB", (1200, 400), (255, 0, 255)).save(magenta, "PNG")
    loud = CaseEntry("loud", "here", magenta.getvalue())
    page = tmp_path / "report.html"
    page.write_text(render_report(replace(content, cases=(loud,), training_curve=None, sites=None)), encoding="utf-8")
    picture = tmp_path / "shot.png"
    subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,1600",
         f"--screenshot={picture}", f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    with Image.open(picture) as shot:
        seen = np.asarray(shot.convert("RGB")).reshape(-1, 3)
    assert np.count_nonzero((seen == (255, 0, 255)).all(axis=1)) > 100_000
    assert (seen == (233, 245, 241)).all(axis=1).any()  # the wash behind a figure that reached its target
