"""The hand of a rater: it does what is decided on a screen, and counts each thing that it does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from desk_rater.strokes import SIZES, Stroke
from desk_rater.tally import Tally, keys_seconds, stroke_seconds

Bool = npt.NDArray[np.bool_]
Voxel = tuple[int, int, int]

FAR = 5  # slices of a page key
FIRST_SIZE = 2.0  # of the desk's brush


class Screen(Protocol):
    """A desk with a case on it.

    Parameters
    ----------
    through
        The file's axis across which the large slices lie.
    pixels
        Of a millimetre in them.
    """

    @property
    def through(self) -> int: ...
    @property
    def pixels(self) -> float: ...
    def mask(self) -> Bool:
        """What is drawn, in the file's axes."""

    def slice(self) -> int:
        """Give the slice that is shown."""

    def press(self, key: str, times: int = 1) -> None:
        """Press a key; `up` and `down` go through the slices, towards higher and lower voxels."""

    def point(self, voxel: Voxel) -> None:
        """Move the pointer there; it is in the slice that is shown."""

    def click(self, voxel: Voxel) -> None: ...
    def wheel(self, voxel: Voxel, up: bool, level: bool) -> None:
        """Turn the wheel by one notch over a voxel, to set a level."""

    def drag(self, corners: Sequence[Voxel]) -> None: ...


@dataclass(frozen=True)
class Grip:
    """What a hand holds, and where it is.

    Parameters
    ----------
    tool
        By its key.
    size
        Of its brush, in mm.
    slice
        That is shown.
    pixels
        Of a millimetre.
    """

    tool: str
    size: float
    slice: int
    pixels: float

    def seconds(self, stroke: Stroke, slice_: int, spacing: tuple[float, float]) -> float:
        """Say how long a person takes for a stroke, with all that has to come before it."""
        pages, single = divmod(abs(slice_ - self.slice), FAR)
        before = (int(self.tool != _tool(stroke)), pages, single, _steps(self.size, stroke.size))
        line = stroke_seconds(len(stroke.corners) - 1, stroke.length(spacing) * self.pixels)
        return line + sum(map(keys_seconds, before))

    def after(self, stroke: Stroke, slice_: int) -> "Grip":
        return Grip(_tool(stroke), stroke.size, slice_, self.pixels)


@dataclass
class Hand:
    """One hand on the keys, one on the mouse.

    Parameters
    ----------
    screen
        That it works on.
    tally
        What it has done.
    tool
        That it holds, by the tool's key.
    size
        Of its brush, in mm.
    """

    screen: Screen
    tally: Tally = field(default_factory=Tally)
    tool: str = "q"
    size: float = FIRST_SIZE

    def press(self, key: str, times: int = 1) -> None:
        self.tally.press(times)
        self.screen.press(key, times)

    def use(self, name: str) -> None:
        """Note what a tool was used for."""
        self.tally.tools[name] += 1

    def take(self, tool: str) -> None:
        if self.tool != tool:
            self.press(tool)
            self.tool = tool

    def go(self, slice_: int) -> None:
        """Turn to a slice: by fives, then one by one."""
        away = slice_ - self.screen.slice()
        key = "up" if away > 0 else "down"
        pages, single = divmod(abs(away), FAR)
        if pages:
            self.press(f"far-{key}", pages)
        if single:
            self.press(key, single)

    def click(self, voxel: Voxel) -> None:
        self.take("q")
        self.go(voxel[self.screen.through])
        self.tally.click()
        self.screen.click(voxel)

    def key_at(self, key: str, voxel: Voxel) -> None:
        """Press a key with the pointer over a voxel."""
        self.go(voxel[self.screen.through])
        self.tally.point()
        self.screen.point(voxel)
        self.press(key)

    def notch(self, voxel: Voxel, *, up: bool, first: bool) -> None:
        """Turn the wheel by one step of a run."""
        self.tally.watch(notches=1, first=first)
        self.screen.wheel(voxel, up, level=True)

    def step(self, *keys: str, first: bool) -> None:
        """Press the keys of one step of a run."""
        self.tally.watch(len(keys), first=first)
        for key in keys:
            self.screen.press(key)

    def paint(self, stroke: Stroke, slice_: int, spacing: tuple[float, float]) -> None:
        self.take(_tool(stroke))
        self._resize(stroke.size)
        self.go(slice_)
        self.tally.stroke(len(stroke.corners) - 1, stroke.length(spacing) * self.screen.pixels)
        self.use("erase" if stroke.erase else "brush")
        self.screen.drag([_voxel(corner, slice_, self.screen.through) for corner in stroke.corners])

    @property
    def grip(self) -> Grip:
        return Grip(self.tool, self.size, self.screen.slice(), self.screen.pixels)

    def _resize(self, size: float) -> None:
        times = _steps(self.size, size)
        if times:
            self.press("]" if size > self.size else "[", times)
            self.size = size


def _tool(stroke: Stroke) -> str:
    return "e" if stroke.erase else "b"


def _steps(size: float, wanted: float) -> int:
    return abs(SIZES.index(size) - SIZES.index(wanted))


def _voxel(place: tuple[int, int], slice_: int, through: int) -> Voxel:
    voxel = list(place)
    voxel.insert(through, slice_)
    return voxel[0], voxel[1], voxel[2]
