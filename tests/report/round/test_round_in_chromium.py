from collections.abc import Iterator
from pathlib import Path

import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.tables import read_table
from tests.report.browser import CHROMIUM, DRIVER, Browser, browser
from tests.report.round.made_loop import MadeLoop

pytestmark = pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="needs chromium and chromedriver")


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> MadeLoop:
    loop = MadeLoop(tmp_path_factory.mktemp("loop"), ("anna",)).make()
    assert main(["active", "report", str(loop.rounds.root), "--rater", "anna"]) == 0
    assert main(["active", "report", str(loop.rounds.root)]) == 0
    return loop


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def test_what_a_rater_marks_in_the_page_is_taken_in(loop: MadeLoop, window: Browser) -> None:
    page: Path = loop.folder("anna") / "cases.html"
    window.open(page)
    shown = window.texts("#list .name")
    window.press("a", "j", "x", "j", "d")
    assert window.texts("#progress") == ["3 of 3 marked: 1 accept, 0 edit, 1 reject, 1 defer"]

    def save() -> None:
        window.click("#save summary")
        window.click("[data-save=json]")

    write_text(page.with_name("qc.json"), window.download(save, "qc.json"))
    assert window.errors() == []
    assert main(["active", "ingest", str(loop.rounds.root)]) == 0
    actions = {row["case"]: row["action"] for row in read_table(loop.one.ingest)}
    assert [actions[case] for case in shown] == ["accept", "reject", "defer"]


@pytest.mark.parametrize("width", [800, 1280])
def test_nothing_of_the_page_of_a_round_is_cut_off(loop: MadeLoop, window: Browser, width: int) -> None:
    window.open(loop.one.report)
    window.narrow(width, 900)
    assert window.run("return document.documentElement.scrollWidth <= window.innerWidth")
    assert window.run("return [...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert window.errors() == []
