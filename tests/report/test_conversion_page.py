import base64
import hashlib
import re
import shutil
import subprocess
import time
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nnunet_ext.report.conversion_content import ConversionContent, QualityEntry, SkippedImage
from nnunet_ext.report.conversion_page import render_conversion_page

NASTY = "<script>alert('x')</script>"
VOID = {"meta", "img", "br", "input"}


class Page(HTMLParser):
    """Reads a page: its tags, its text, and the rows of its tables."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.script = ""
        self.cells: list[list[str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.cells.append([])
        if tag in {"td", "th"}:
            self.cells[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.script += data
        elif self.open[-1:] != ["style"]:
            self.text += data
        if {"td", "th"} & set(self.open):
            self.cells[-1][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def read(content: ConversionContent) -> Page:
    return Page(render_conversion_page(content))


def png(colour: tuple[int, int, int] = (90, 90, 90)) -> bytes:
    written = BytesIO()
    Image.new("RGB", (420, 260), colour).save(written, "PNG")
    return written.getvalue()


def entry(case: str, *cells: str, unusual: tuple[str, ...] = (), thumbnail: bytes | None = None) -> QualityEntry:
    return QualityEntry(case, "here", "train", cells, unusual=unusual, thumbnail=thumbnail)


def skipped(reasons: list[str], *, refused: bool = False) -> tuple[SkippedImage, ...]:
    return tuple(SkippedImage(f"x_sub-{number:04d}_T2w", reason, refused) for number, reason in enumerate(reasons))


CONTENT = ConversionContent(
    title="Dataset501_Spine",
    lead="Four cases.",
    counts={"images found": "340"},
    assumptions=("A missing lesion mask means healthy.",),
    warnings=("One patient has two names.",),
    columns=("Axes", "Lesion, voxels"),
    columns_help={"Lesion, voxels": "Voxels of the lesion mask"},
    rows=(
        entry("worst", "LAS", "4120", unusual=("Lesion, voxels 4120: site's median 200",), thumbnail=png()),
        entry("bad", "LPS", "n/a", unusual=("the image is constant",)),
        QualityEntry("moved", "there", "test", ("LAS", "12"), ("moved by 2 mm",), (), png(), png((0, 255, 0))),
        entry("plain", "LAS", "200"),
    ),
    skipped=skipped(["no label"] * 2, refused=True),
    facts={"Seed": "42"},
)


def filled_with(text: str) -> ConversionContent:
    """Give a content with one text wherever a text can stand."""
    row = QualityEntry(text, text, text, (text,), (text,), (text,), png(), png())
    return ConversionContent(
        title=text,
        lead=text,
        counts={text: text},
        assumptions=(text,),
        warnings=(text,),
        columns=(text,),
        columns_help={text: text},
        rows=(row, replace(row, unusual=())),
        skipped=(SkippedImage("one", text, refused=True), SkippedImage(text, text, refused=False)),
        facts={text: text},
    )


def test_every_tag_is_closed_in_order() -> None:
    assert read(CONTENT).open == []
    assert read(filled_with(NASTY)).open == []


def test_nothing_is_fetched_from_elsewhere() -> None:
    html = render_conversion_page(CONTENT)
    page = Page(html)
    assert not re.search(r"https?://|url\(|@import|fetch|XMLHttpRequest", html)
    assert not {"link", "iframe", "object", "base", "form"} & {name for name, _ in page.tags}
    assert all(str(image["src"]).startswith("data:image/png;base64,") for image in page.all("img"))
    assert page.all("script") == [{}]


def test_the_page_forbids_everything_but_its_pictures_its_style_and_its_own_script() -> None:
    page = read(CONTENT)
    digest = base64.b64encode(hashlib.sha256(page.script.encode()).digest()).decode()
    policies = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    assert policies == [
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'",
    ]
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)


def test_text_from_files_is_shown_and_never_run() -> None:
    page = read(filled_with(NASTY))
    assert len(page.all("script")) == 1
    assert page.text.count(NASTY) > 15


def test_folders_of_this_machine_do_not_reach_the_page() -> None:
    html = render_conversion_page(filled_with("see /srv/jane/bids/sub-1_T2w.nii.gz"))
    assert "jane" not in html
    assert Page(html).text.count("see sub-1_T2w.nii.gz") > 15


def test_cases_stand_in_the_order_given() -> None:
    backwards = replace(CONTENT, rows=CONTENT.rows[::-1])
    for content in (CONTENT, backwards):
        names = [row[0] for row in read(content).cells[1 : 1 + len(content.rows)]]
        assert all(cell.startswith(row.case) for cell, row in zip(names, content.rows, strict=True))


def test_what_is_unusual_comes_before_everything_else_with_its_reasons() -> None:
    text = read(CONTENT).text
    order = [text.index(words) for words in ("worst", "4120: site's median 200", "the image is constant", "moved by")]
    assert order == sorted(order)
    assert text.index("moved") > text.index("bad")


def test_every_picture_decodes_and_is_shown_once() -> None:
    sources = [str(image["src"]).split(",", 1)[1] for image in read(CONTENT).all("img")]
    shown = sorted(base64.b64decode(source, validate=True) for source in sources)
    assert shown == sorted([png(), png(), png((0, 255, 0))])


def test_every_link_leads_somewhere_on_the_page() -> None:
    page = read(CONTENT)
    targets = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    links = {str(link["href"]) for link in page.all("a")}
    assert links <= {f"#{target}" for target in targets}
    assert {"#row-1", "#row-2", "#row-3"} <= links


def test_columns_of_numbers_stand_to_the_right_and_missing_ones_are_dashes() -> None:
    page = read(CONTENT)
    header = [attributes for name, attributes in page.tags if name == "th" and attributes.get("scope") == "col"]
    assert [attributes.get("class") for attributes in header[:5]] == [None, None, None, None, "number"]
    assert [row[4] for row in page.cells[1:5]] == ["4120", "–", "12", "200"]


def test_what_a_column_means_stands_at_its_title_and_in_a_list() -> None:
    page = read(CONTENT)
    assert [attributes["title"] for attributes in page.all("abbr")] == ["Voxels of the lesion mask"]
    assert page.text.count("Voxels of the lesion mask") == 1


def test_a_row_with_too_few_cells_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match="short: 2 cells were needed, found 1"):
        replace(CONTENT, rows=(entry("short", "LAS"),))


def test_hundreds_of_images_skipped_for_one_kind_of_reason_take_one_line() -> None:
    reasons = [
        f"below /data/{'abc'[number % 3]}/bids: sub-{number:04d}_T2w.nii.gz: {number} bytes announced, 7 found"
        for number in range(500)
    ]
    page = read(replace(CONTENT, skipped=skipped(reasons, refused=True)))
    (group,) = page.cells[6:]
    assert group[0] == "500"
    assert "below bids: …: … bytes announced, … found" in group[1]
    assert "and 480 more, in cases.tsv" in group[1]
    assert group[1].count("T2w.nii.gz") == 20
    assert len(page.all("details")) == 1


def test_reasons_that_differ_in_more_than_names_and_numbers_stand_apart_the_refused_first() -> None:
    left_out = skipped(["contrast T1w is left out", "contrast T2w is left out", "contrast T2w is left out"])
    groups = read(replace(CONTENT, skipped=(*left_out, *skipped(["truncated"], refused=True)))).cells[6:]
    assert [group[0] for group in groups] == ["1", "2", "1"]
    assert [re.search("truncated|T1w|T2w", group[1]).group() for group in groups] == ["truncated", "T2w", "T1w"]  # type: ignore[union-attr]  # a missing match fails
    assert ["refused" in group[1] for group in groups] == [True, False, False]


def test_reasons_of_endless_kinds_do_not_fill_the_page() -> None:
    kinds = ["".join(chr(ord("a") + int(digit)) for digit in str(number)) for number in range(400)]
    page = read(replace(CONTENT, skipped=skipped(kinds)))
    assert len(page.cells[6:]) < 30
    assert "other reasons" in page.text


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30), st.booleans()), max_size=80))
def test_every_skipped_image_is_counted_once(images: list[tuple[str, str, bool]]) -> None:
    page = read(replace(CONTENT, skipped=tuple(SkippedImage(*image) for image in images)))
    assert sum(int(row[0]) for row in page.cells[6:]) == len(images)


def test_a_page_without_a_single_case_says_so() -> None:
    page = read(ConversionContent("Dataset501", "Nothing."))
    assert page.text.count("No case was converted.") == 2
    assert "Nothing was skipped." in page.text
    assert page.all("img") == []
    assert page.open == []


def test_where_nothing_stands_out_the_page_says_so() -> None:
    assert "No case stands out." in read(replace(CONTENT, rows=(entry("plain", "LAS", "200"),))).text


def test_two_thousand_cases_render_in_seconds() -> None:
    rows = tuple(entry(f"x_sub-{number:04d}_T2w", *(["123.4"] * 15)) for number in range(2000))
    content = ConversionContent("Many", "", columns=tuple(map(str, range(15))), rows=rows)
    start = time.process_time()
    html = render_conversion_page(content)
    assert time.process_time() - start < 10
    assert len(html) < 5_000_000


def test_the_same_content_gives_the_same_page() -> None:
    assert render_conversion_page(CONTENT) == render_conversion_page(CONTENT)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium to run the page")
def test_a_browser_lets_the_script_run_and_the_page_is_whole_without_it(tmp_path: Path) -> None:
    html = render_conversion_page(CONTENT)
    forbidden = re.sub(r"sha256-[^']+", "none", html)
    shown = {}
    for name, text in {"with": html, "without": forbidden}.items():
        (tmp_path / name).with_suffix(".html").write_text(text, encoding="utf-8")
        shown[name] = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
             f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", (tmp_path / name).with_suffix(".html").as_uri()],
            check=True, capture_output=True, text=True, timeout=120,
        ).stdout  # fmt: skip
    assert "4 of 4 cases" in shown["with"]
    assert "4 of 4 cases" not in shown["without"]
    assert 'id="filter" hidden' in shown["without"]
    assert "Lesion, voxels 4120: site's median 200" in shown["without"]
