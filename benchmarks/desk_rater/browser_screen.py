"""A desk in headless Chromium, worked with its own keys and a real pointer."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from desk_rater.hand import Bool, Voxel
from tests.report.browser import SHIFT
from tests.report.desk.desk_window import DeskWindow

_UP, _DOWN, _FAR_UP, _FAR_DOWN = "\ue013", "\ue015", "\ue00e", "\ue00f"  # arrows and page keys
_NOTCH = 100  # of a wheel, in pixels
_PLANE = """
const {app} = desk.here;
app.view.draw();
const plane = app.work.grid.planes[app.settings.big];
return {name: plane.name, through: plane.through, forward: plane.forward,
    pixels: app.view.tiles[plane.name].scale / app.view.ratio()};
"""


class BrowserScreen:
    """The `Screen` of a window."""

    def __init__(self, window: DeskWindow) -> None:
        self.window = window

    @cached_property
    def _plane(self) -> dict[str, Any]:
        plane: dict[str, Any] = self.window.run(_PLANE)
        return plane

    @property
    def through(self) -> int:
        return int(self._plane["through"])

    @property
    def pixels(self) -> float:
        return float(self._plane["pixels"])

    def mask(self) -> Bool:
        return self.window.mask()

    def slice(self) -> int:
        return int(self.window.run("return desk.here.app.view.cursor[arguments[0]]", self.through))

    def press(self, key: str, times: int = 1) -> None:
        up = key.endswith("up") == self._plane["forward"]
        keys = {"up": _UP if up else _DOWN, "down": _UP if up else _DOWN}
        keys |= {"far-up": _FAR_UP if up else _FAR_DOWN, "far-down": _FAR_UP if up else _FAR_DOWN}
        self.window.press(*[keys.get(key, key)] * times)

    def point(self, voxel: Voxel) -> None:
        self.window.browser.point(("move", *self._at(voxel)))

    def click(self, voxel: Voxel) -> None:
        self.window.click(voxel, self._plane["name"])

    def wheel(self, voxel: Voxel, up: bool, level: bool) -> None:
        self.window.wheel(voxel, _NOTCH if up else -_NOTCH, SHIFT if level else "", self._plane["name"])

    def drag(self, corners: Sequence[Voxel]) -> None:
        self.window.drag(*map(self._at, corners))

    def _at(self, voxel: Voxel) -> tuple[float, float]:
        return self.window.at(voxel, self._plane["name"])
