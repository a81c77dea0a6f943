"""Ellipsoids of known geometry in cords, and how far the measured sizes are from the true ones."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.volume import Volume
from nnunet_ext.evaluation.biomarkers.body_frame import BoolArray, Floats
from nnunet_ext.evaluation.biomarkers.cord_course import cord_course
from nnunet_ext.evaluation.biomarkers.lesion_columns import Between
from nnunet_ext.evaluation.biomarkers.measure_case import measure_case

Spacing = tuple[float, float, float]

GRIDS: Final[dict[str, Spacing]] = {
    "1 mm": (1.0, 1.0, 1.0),
    "sagittal, 3 mm": (3.0, 0.5, 0.5),
    "axial, 4 mm": (0.5, 0.5, 4.0),
}
COURSES: Final = ("straight", "curved", "oblique")
RULES: Final = ("SCT", "counted", "corrected")
FINE_MM: Final = 0.1  # the truth is read off a plane as fine as this
PART_MM: Final = 0.5  # parts of a voxel whose filling is looked at
SHORTEST_MM: Final = 2.0  # a shorter section may be in no voxel at all
MARGIN_MM: Final = 14.0


@dataclass(frozen=True)
class Course:
    """A cord's centreline ``(across z, tilt z + bend z^2 / 2, z)``, in mm along LAS."""

    across: float
    tilt: float
    bend: float

    @classmethod
    def draw(cls, kind: str, rng: np.random.Generator) -> "Course":
        if kind == "straight":
            return cls(0.0, 0.0, 0.0)
        if kind == "curved":
            return cls(0.0, np.tan(np.radians(rng.uniform(-12, 12))), rng.choice([-1, 1]) / rng.uniform(50, 120))
        tilt = np.tan(np.radians(rng.uniform(8, 28))) * rng.choice([-1, 1])
        return cls(np.tan(np.radians(rng.uniform(-6, 6))), tilt, 0.0)

    def along(self, points: Floats) -> Floats:
        """Give way along the centreline, distance in front of it and to the left of it, shape (3, ...)."""
        x, y, z = points
        at = z
        for _ in range(10):
            slope = self.tilt + self.bend * at
            off = (x - self.across * at) * self.across + (y - self.depth(at)) * slope + z - at
            at = at + off / (self.across**2 + slope**2 + 1)
        slope = self.tilt + self.bend * at
        before = ((y - self.depth(at)) - slope * (z - at)) / np.sqrt(1 + slope**2)
        whole = (x - self.across * at) ** 2 + (y - self.depth(at)) ** 2 + (z - at) ** 2
        beside = np.sign(x - self.across * at) * np.sqrt(np.maximum(whole - before**2, 0))
        return np.stack([self.way(at), before, beside])

    def depth(self, z: Floats) -> Floats:
        return self.tilt * z + self.bend * z**2 / 2

    def way(self, z: Floats) -> Floats:
        """Give the way along the centreline from z = 0."""
        grid = np.linspace(-80, 80, 6401)
        speed = np.sqrt(1 + self.across**2 + (self.tilt + self.bend * grid) ** 2)
        way = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2 * np.diff(grid))])
        return np.asarray(np.interp(z, grid, way - np.interp(0.0, grid, way)))

    def height(self, way: float) -> float:
        """Say at which z the centreline is after some way."""
        grid = np.linspace(-80, 80, 6401)
        return float(np.interp(way, self.way(grid), grid))


@dataclass(frozen=True, eq=False)
class Body:
    """Masks of a cord and a lesion, and the lesion's true length and width in the midsagittal plane."""

    grid: str
    course: str
    lesion: BoolArray
    cord: BoolArray
    length_mm: float
    width_mm: float

    @property
    def spacing(self) -> Spacing:
        return GRIDS[self.grid]


def summary(found: Floats) -> tuple[Floats, Floats]:
    """Give bias and root mean square error of rows of errors."""
    return found.mean(axis=0), np.sqrt((found**2).mean(axis=0))


def draw_bodies(count: int, seed: int, grids: Sequence[str] = tuple(GRIDS)) -> Iterator[Body]:
    """Draw ellipsoids whose sections are long enough to be in a voxel, so many for each grid and course."""
    for grid in grids:
        for course in COURSES:
            rng = np.random.default_rng([seed, list(GRIDS).index(grid), COURSES.index(course)])
            drawn = 0
            while drawn < count:
                body = draw_body(grid, course, rng)
                if body.length_mm >= SHORTEST_MM and body.lesion.any():
                    drawn += 1
                    yield body


def draw_body(grid: str, kind: str, rng: np.random.Generator) -> Body:
    """Draw a cord and an ellipsoid along it, within it, of which only a part may reach the midsagittal plane."""
    course = Course.draw(kind, rng)
    cord = np.array([np.inf, rng.uniform(3.5, 5), rng.uniform(5, 7)])  # along, before, beside
    axes = np.array([rng.uniform(4, 18), rng.uniform(1.2, 3.4), rng.uniform(1.5, 4.5)])
    reach = np.array([4.0, max(cord[1] - axes[1] - 0.3, 0), min(0.8 * axes[2], max(cord[2] - axes[2], 0.3))])
    middle = rng.uniform(-1, 1, 3) * reach

    def inside(placed: Floats) -> tuple[BoolArray, BoolArray]:
        shape = (3, *(1,) * (placed.ndim - 1))
        in_cord = (placed / cord.reshape(shape)) ** 2
        off = ((placed - middle.reshape(shape)) / axes.reshape(shape)) ** 2
        return off.sum(axis=0) <= 1, in_cord.sum(axis=0) <= 1

    half = float(axes[0] + abs(middle[0]) + MARGIN_MM)
    lean = half * abs(course.tilt) + half**2 * abs(course.bend) / 2
    extent = np.array([cord[2] + half * abs(course.across) + 3, cord[1] + lean + 3, half])
    spacing = np.array(GRIDS[grid])
    sizes = np.ceil(2 * extent / spacing).astype(int)
    start = (rng.uniform(-0.5, 0.5, 3) - (sizes - 1) / 2) * spacing
    lesion, whole = _filled_by_half(lambda points: inside(course.along(points)), start, sizes, spacing)
    across = course.across * course.height(float(middle[0]))
    rows, columns = (np.arange(start[axis], -start[axis], FINE_MM) for axis in (1, 2))
    depth, upright = np.meshgrid(rows, columns, indexing="ij")
    plane = course.along(np.stack([np.full_like(depth, across), depth, upright]))
    return Body(grid, kind, lesion, whole, *_extents(plane[:2, inside(plane)[0]]))


def _filled_by_half(
    inside: Callable[[Floats], tuple[BoolArray, BoolArray]],
    start: Floats,
    sizes: npt.NDArray[np.int64],
    spacing: Floats,
) -> tuple[BoolArray, BoolArray]:
    parts = np.rint(spacing / PART_MM).astype(int)
    axes = [
        start[axis] + (np.arange(sizes[axis] * parts[axis]) + 0.5) * spacing[axis] / parts[axis] - spacing[axis] / 2
        for axis in range(3)
    ]
    blocks = [length for pair in zip(sizes, parts, strict=True) for length in pair]
    lesion, cord = (
        mask.reshape(blocks).mean(axis=(1, 3, 5)) >= 0.5 for mask in inside(np.stack(np.meshgrid(*axes, indexing="ij")))
    )
    return lesion & cord, cord


def _extents(section: Floats) -> tuple[float, float]:
    """Read length and width off the fine points of a section, shape (2, points): way, and distance before the cord."""
    if not section.size:
        return 0.0, 0.0
    way, before = section
    rows = np.rint((way - way.min()) / FINE_MM).astype(int)
    first, last = np.full(rows.max() + 1, np.inf), np.full(rows.max() + 1, -np.inf)
    np.minimum.at(first, rows, before)
    np.maximum.at(last, rows, before)
    return float(np.ptp(way)) + FINE_MM, float((last - first).max()) + FINE_MM / 2


def errors(body: Body) -> list[float]:
    """Give the errors of the length by each rule, then those of the width, in mm."""
    case = measure_case(Volume(body.lesion, np.diag([-body.spacing[0], *body.spacing[1:], 1.0])), body.cord)
    row = max(case.lesions, key=lambda lesion: lesion.volume_mm3 or 0)
    length, width = counted(body.lesion, body.cord, body.spacing, row.midsagittal_slice_corrected or 0.0)
    lengths = (row.midsagittal_length_mm or 0.0, length, row.midsagittal_length_corrected_mm or 0.0)
    widths = (row.midsagittal_width_mm or 0.0, width, row.midsagittal_width_corrected_mm or 0.0)
    return [*(found - body.length_mm for found in lengths), *(found - body.width_mm for found in widths)]


def counted(lesion: BoolArray, cord: BoolArray, spacing: Spacing, plane: float) -> tuple[float, float]:
    """Count: every axial slice whole in which one of the two sagittal slices holds lesion, and its voxels."""
    cosine = cord_course(cord, spacing, (0, 0, 0), lesion.shape[2]).cosine_sagittal
    voxels = lesion.sum(axis=1)
    mixed = Between.at(plane, 0).mix_where(voxels, voxels > 0)
    there = np.isfinite(mixed)
    return float((spacing[2] / cosine[there]).sum()), float((mixed[there] * spacing[1] * cosine[there]).max(initial=0))
