"""A desk in a browser: what a rater does and sees."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tests.report.browser import ENTER, Browser

WIDTH, HEIGHT = 1280, 800
_TRIES = 20

_SPOT = """
const [plane, voxel] = arguments, {app} = desk.here;
app.view.draw();
const box = document.getElementById('glass').getBoundingClientRect();
const at = app.view.tiles[plane].toScreen(...desk.grid.spot(app.work.grid.planes[plane], voxel));
return [box.left + at[0] / app.view.ratio(), box.top + at[1] / app.view.ratio()];
"""
_BIG = """
const {app} = desk.here;
app.view.draw();
const box = document.getElementById('glass').getBoundingClientRect();
const {x, y, width, height} = app.view.tiles[app.settings.big].place;
return [box.left + x, box.top + y, width, height];
"""
_OVER = """
const {app, current} = desk.here;
return document.getElementById('notice').dataset.kind === 'bad' || document.getElementById('all-done').open
    || (current !== arguments[0] && app.work !== null);
"""


@dataclass(frozen=True)
class DeskWindow:
    """A tab with a desk in it."""

    browser: Browser
    address: str

    def start(self) -> None:
        self.browser.narrow(WIDTH, HEIGHT)
        self.browser.open_address(self.address)
        self.browser.wait(lambda: self.run("return globalThis.desk?.here && desk.here.current !== null"), "the queue")
        self.ready()

    def run(self, script: str, *arguments: object) -> Any:  # noqa: ANN401 - whatever the page gives
        return self.browser.run(script, *arguments)

    def ready(self) -> None:
        """Wait until the case that is asked for is on the screen, or is refused."""
        self.browser.wait(lambda: self.run("return desk.here.app.work !== null || document.body.dataset.failed"), "it")

    def go(self, number: int) -> None:
        """Open a case by its place in the queue."""
        self.browser.click(f'#list button[data-id="{number}"]')
        self.wait_for(number)

    def wait_for(self, number: int) -> None:
        self.browser.wait(
            lambda: self.run("return desk.here.app.work && desk.here.app.work.given.id") == number, f"case {number}"
        )

    def press(self, *keys: str) -> None:
        self.browser.press(*keys)

    def at(self, voxel: tuple[int, ...], plane: str = "axial") -> tuple[float, float]:
        """Where a voxel of the file is seen."""
        x, y = self.run(_SPOT, plane, list(voxel))
        return x, y

    def click(self, voxel: tuple[int, ...], plane: str = "axial", keys: str = "") -> None:
        self.browser.point(("move", *self.at(voxel, plane)), ("down", 0), ("up", 0), keys=keys)

    def drag(self, *places: tuple[float, float], keys: str = "", button: int = 0) -> None:
        moves = [("move", *place) for place in places]
        self.browser.point(moves[0], ("down", button), *moves[1:], ("up", button), keys=keys)

    def wheel(self, voxel: tuple[int, ...], by: int, keys: str = "", plane: str = "axial") -> None:
        self.browser.point(("wheel", *self.at(voxel, plane), by), keys=keys)

    def shining(self) -> tuple[int, int, int, int]:
        """Find the white rectangle of the large slice in the picture: left, top, right and bottom in pixels."""
        self.browser.point(("move", 2, 2))  # the pointer's own ring is white, too
        left, top, width, height = (round(value) for value in self.run(_BIG))
        for _ in range(_TRIES):
            picture = np.asarray(Image.open(BytesIO(self.browser.screenshot())).convert("RGB"))
            white = (picture[top : top + height, left : left + width] == 255).all(axis=2)
            rows, columns = (np.flatnonzero(white.any(axis=axis)) for axis in (1, 0))
            if white[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all():  # else a frame from before
                return left + int(columns[0]), top + int(rows[0]), left + int(columns[-1]) + 1, top + int(rows[-1]) + 1
        raise AssertionError("nothing in the picture shines in a rectangle")

    def mask(self, region: str = "lesion") -> npt.NDArray[np.bool_]:
        """What is drawn in the page, in the file's axes."""
        shape, runs = self.run(
            "const {work} = desk.here.app; return [work.grid.shape, work.masks()[arguments[0]].runs]", region
        )
        flat = np.zeros(int(np.prod(shape)), dtype=np.bool_)
        for start, length in zip(runs[::2], runs[1::2], strict=True):
            flat[start : start + length] = True
        return flat.reshape(shape, order="F")

    def save(self) -> None:
        """Accept or save, and wait for the next case."""
        before = self.run("return desk.here.app.work.given.id")
        self.press(ENTER)
        self.browser.wait(lambda: self.run(_OVER, before), "saving")

    @property
    def notice(self) -> str:
        return str(self.run("return document.getElementById('notice').innerText"))


@contextmanager
def desk_window(browser: Browser, address: str) -> Iterator[DeskWindow]:
    """Open a desk, and let go of its case in the end."""
    window = DeskWindow(browser, address)
    window.start()
    try:
        yield window
    finally:
        browser.open_address("about:blank")
