"""One patient's spine: the drawn build, and every size along it as a table over arc length."""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

from nnunet_ext.phantom.levels import LEVEL_HEIGHTS, Size, size_at

Floats = npt.NDArray[np.floating]

TABLE_STEP_MM: Final = 0.5
_HEAD_MM: Final = 190.0  # how far the table reaches above C1: the whole head
_HEAD_LEVELS: Final = 16
_BELOW_MM: Final = 80.0
_TAPER_MM: Final = 30.0  # length of the conus
_SLEEVE: Final = 0.85  # where in a level its roots leave the sac
_CURVE_LEVELS: Final = (-4.0, 0.5, 3.5, 7.0, 12.5, 19.0, 22.0, 24.5)


@dataclass(frozen=True)
class Build:
    """What makes one patient's spine differ from the next, drawn once a patient.

    Factors multiply the adult sizes of `levels`; lengths are in mm, angles in degrees. `tilt` is the angle of the
    centreline to the vertical at `-4, C1, C4, T1, T6, T12, L3, L5`, positive where it runs forwards going down. The
    cord's section is an ellipse that `cord_taper` widens in front and narrows behind, `cord_points` sharpens at the
    sides, and the anterior `fissure` dents, all in half-diameters.
    """

    stature: float
    cord_width: float
    cord_depth: float
    sac_width: float
    sac_depth: float
    girth: float
    fat_mm: float
    taper: float
    conus_level: float
    grey_matter: float
    tilt: tuple[float, ...]
    sideways: tuple[float, float, float]
    off_centre: tuple[float, ...]
    hydration: tuple[float, ...]
    texture_seed: int
    cord_taper: float
    cord_points: float
    fissure: float

    def arc_at(self, level: float) -> float:
        """Arc length in mm below the upper edge of C1, at a level."""
        levels, arcs = self._known_arcs()
        return float(np.interp(level, levels, arcs))

    def levels_at(self, arcs_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Levels at arc lengths in mm: the inverse of `arc_at`. Beyond head and sacrum the ends hold."""
        levels, arcs = self._known_arcs()
        return np.interp(arcs_mm, arcs, levels)

    def _known_arcs(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        heights = np.array([LEVEL_HEIGHTS[0]] * _HEAD_LEVELS + list(LEVEL_HEIGHTS)) * self.stature
        arcs = np.concatenate([[0.0], np.cumsum(heights)])
        return np.arange(-_HEAD_LEVELS, len(LEVEL_HEIGHTS) + 1.0), arcs - arcs[_HEAD_LEVELS]


@dataclass(frozen=True)
class Deformation:
    """A stretch along which cord or sac differ from the rest, fading out as a Gaussian.

    Parameters
    ----------
    arc_mm, sigma_mm
        Middle and standard deviation along the cord.
    cord_width, cord_depth
        Relative change in the middle: 0.2 is swelling by a fifth, -0.2 atrophy.
    from_front_mm, from_back_mm
        How far disc and ligament push into the sac in the middle; negative where the canal is widened.
    sac_width
        Relative change in the middle: a slowly growing tumour widens the canal.
    """

    arc_mm: float
    sigma_mm: float
    cord_width: float = 0.0
    cord_depth: float = 0.0
    from_front_mm: float = 0.0
    from_back_mm: float = 0.0
    sac_width: float = 0.0


@dataclass(frozen=True, eq=False)
class Spine:
    """Tables over arc length, one entry every `TABLE_STEP_MM`, in mm unless said otherwise.

    `x, y, z` is the middle of the canal (right, front, up), `tilt` its angle to the vertical in radians. Fronts and
    backs are measured from it, forwards positive; `cord_right` and `cord_front` place the cord's centre.
    """

    build: Build
    start: float
    conus: float
    arc: Floats
    level: Floats
    x: Floats
    y: Floats
    z: Floats
    tilt: Floats
    cord_half_width: Floats
    cord_half_depth: Floats
    cord_right: Floats
    cord_front: Floats
    sac_half_width: Floats
    sac_front: Floats
    sac_back: Floats
    canal_front: Floats
    canal_back: Floats
    epidural_fat: Floats
    grey_share: Floats
    level_height: Floats
    disc_share: Floats
    body_half_width: Floats
    body_depth: Floats
    spine_length: Floats
    spine_slope: Floats
    skin_side: Floats
    skin_front: Floats
    skin_back: Floats

    def index(self, arc: npt.NDArray[np.floating]) -> npt.NDArray[np.intp]:
        """Entry of the tables nearest to each arc length; beyond the ends, the last one."""
        entry = (arc - np.float32(self.start - TABLE_STEP_MM / 2)) * np.float32(1 / TABLE_STEP_MM)
        result: npt.NDArray[np.intp] = np.clip(entry, 0, self.arc.size - 1).astype(np.intp)
        return result


def draw_build(rng: np.random.Generator) -> Build:
    """Draw a patient's build."""

    def spread(sigma: float, low: float, high: float) -> float:
        return float(np.clip(rng.normal(1.0, sigma), low, high))

    cord = spread(0.06, 0.82, 1.22)
    sac = float(np.clip(rng.normal(1.0, 0.08), max(0.85, 0.92 * cord), 1.2))
    means, sigmas = (2, 10, 0, -20, -3, 13, 2, -28), (3, 5, 5, 6, 4, 5, 4, 8)
    return Build(
        stature=spread(0.06, 0.86, 1.14),
        cord_width=cord * spread(0.04, 0.9, 1.1),
        cord_depth=cord * spread(0.035, 0.9, 1.1),
        sac_width=sac * spread(0.04, 0.9, 1.1),
        sac_depth=sac * spread(0.06, 0.88, 1.15),
        girth=spread(0.12, 0.8, 1.35),
        fat_mm=float(rng.uniform(3, 18)),
        taper=float(rng.uniform(0.1, 0.5)),
        conus_level=float(np.clip(rng.normal(19.6, 0.5), 18.5, 21)),
        grey_matter=spread(0.1, 0.8, 1.2),
        tilt=tuple(float(mean + sigma * rng.normal()) for mean, sigma in zip(means, sigmas, strict=True)),
        sideways=(float(abs(rng.normal(0, 2))), float(rng.uniform(150, 420)), float(rng.uniform(0, 2 * np.pi))),
        off_centre=(*rng.normal(0, [0.08, 0.13]).tolist(), *rng.uniform(0, 2 * np.pi, 2).tolist()),
        hydration=tuple(rng.beta(2, 1.6, len(LEVEL_HEIGHTS) + 1).tolist()),
        texture_seed=int(rng.integers(2**31)),
        cord_taper=float(np.clip(rng.normal(0.12, 0.04), 0, 0.25)),
        cord_points=float(np.clip(rng.normal(0.06, 0.07), 0, 0.3)),
        fissure=float(rng.uniform(0.02, 0.16)),
    )


def build_spine(build: Build, deformations: tuple[Deformation, ...] = ()) -> Spine:
    """Lay out a patient's tables.

    Parameters
    ----------
    build
        From `draw_build`.
    deformations
        Swelling, atrophy and stenoses. A stenosis flattens the cord where the room left is less than the cord needs,
        and makes it a little wider; nothing ever leaves the sac.
    """
    start, end = -_HEAD_MM, build.arc_at(len(LEVEL_HEIGHTS)) + _BELOW_MM
    arc = np.arange(start, end, TABLE_STEP_MM)
    levels = build.levels_at(arc)
    x, y, z, tilt = _centreline(build, arc, levels)
    conus = build.arc_at(build.conus_level)
    sizes = _sizes(build, levels)
    tables = sizes | _squeezed(build, sizes, arc, levels, deformations, conus)
    tables |= {"arc": arc, "level": levels, "x": x, "y": y, "z": z, "tilt": tilt}
    as_floats = {name: table.astype(np.float32) for name, table in tables.items()}
    return Spine(build=build, start=start, conus=conus, **{f.name: as_floats[f.name] for f in fields(Spine)[3:]})


def _centreline(
    build: Build, arc: npt.NDArray[np.float64], levels: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], ...]:
    """Integrate the tilt along the arc; the origin is the upper edge of C1."""
    curve = PchipInterpolator(_CURVE_LEVELS, np.deg2rad(build.tilt))
    tilt = curve(np.clip(levels, _CURVE_LEVELS[0], _CURVE_LEVELS[-1]))
    origin = int(np.argmin(np.abs(arc)))
    y = np.cumsum(np.sin(tilt)) * TABLE_STEP_MM
    z = -np.cumsum(np.cos(tilt)) * TABLE_STEP_MM
    amplitude, wavelength, phase = build.sideways
    # The head is not bent along: sideways curves start at the neck.
    x = amplitude * np.sin(2 * np.pi * arc / wavelength + phase) * np.clip((arc + 40) / 80, 0, 1)
    return x, y - y[origin], z - z[origin], tilt


def _sizes(build: Build, levels: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    """Sizes before anything presses on the sac."""
    bone = build.stature
    return {
        "sac_half_width": size_at(Size.SAC_WIDTH, levels) * build.sac_width / 2 * _sleeves(levels),
        "canal_front": size_at(Size.SAC_FRONT, levels) * build.sac_depth,
        "canal_back": size_at(Size.SAC_BACK, levels) * build.sac_depth,
        "epidural_fat": size_at(Size.EPIDURAL_FAT, levels),
        "grey_share": size_at(Size.GREY_SHARE, levels),
        "level_height": np.array(LEVEL_HEIGHTS)[np.clip(levels, 0, len(LEVEL_HEIGHTS) - 1).astype(int)] * bone,
        "disc_share": size_at(Size.DISC_SHARE, levels),
        "body_half_width": size_at(Size.BODY_WIDTH, levels) * bone / 2,
        "body_depth": size_at(Size.BODY_DEPTH, levels) * bone,
        "spine_length": size_at(Size.SPINE_LENGTH, levels) * bone,
        "spine_slope": size_at(Size.SPINE_SLOPE, levels),
        "skin_side": size_at(Size.SKIN_SIDE, levels) * build.girth,
        "skin_front": size_at(Size.SKIN_FRONT, levels) * build.girth,
        "skin_back": size_at(Size.SKIN_BACK, levels) * (0.5 + 0.5 * build.girth) + build.fat_mm / 2,
    }


def _sleeves(levels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Widen the sac where roots leave it, low in each level: people's sacs are up to a fifth wider there."""
    off = (levels - _SLEEVE + 0.5) % 1 - 0.5
    return np.where(levels > 0.4, 1 + 0.12 * np.exp(-0.5 * (off / 0.13) ** 2), 1.0)


def _squeezed(
    build: Build,
    sizes: dict[str, npt.NDArray[np.float64]],
    arc: npt.NDArray[np.float64],
    levels: npt.NDArray[np.float64],
    deformations: tuple[Deformation, ...],
    conus: float,
) -> dict[str, npt.NDArray[np.float64]]:
    """Press on the sac, then fit the cord into the room that is left."""
    front, back = sizes["canal_front"].copy(), sizes["canal_back"].copy()
    sac = sizes["sac_half_width"].copy()
    width = size_at(Size.CORD_WIDTH, levels) * build.cord_width / 2
    depth = size_at(Size.CORD_DEPTH, levels) * build.cord_depth / 2
    for change in deformations:
        weight = np.exp(-0.5 * ((arc - change.arc_mm) / change.sigma_mm) ** 2)
        front -= change.from_front_mm * weight
        back += change.from_back_mm * weight
        sac *= 1 + change.sac_width * weight
        width *= 1 + change.cord_width * weight
        depth *= 1 + change.cord_depth * weight
    conus_taper = np.clip((conus - arc) / _TAPER_MM, 0, 1) ** 0.6
    width, depth = width * conus_taper, depth * conus_taper
    flattened = np.minimum(depth, np.maximum((front - back) / 2 - 0.3, 0.8))
    width *= 1 + 0.35 * (1 - flattened / np.maximum(depth, 1e-6)) * (depth > 0)
    width = np.minimum(width, sac * 0.92)
    right, forward = _cord_centre(build, sac - width, front, back, flattened, arc, levels)
    return {
        "sac_half_width": sac,
        "sac_front": front,
        "sac_back": back,
        "cord_half_width": width,
        "cord_half_depth": flattened,
        "cord_right": right,
        "cord_front": forward,
    }


def _cord_centre(
    build: Build,
    room_sideways: npt.NDArray[np.float64],
    front: npt.NDArray[np.float64],
    back: npt.NDArray[np.float64],
    half_depth: npt.NDArray[np.float64],
    arc: npt.NDArray[np.float64],
    levels: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Let the cord wander through its free room; up in the head it lies behind the clivus."""
    right_off, front_off, right_phase, front_phase = build.off_centre
    right_share = np.clip(right_off + 0.06 * np.sin(arc / 45 + right_phase), -0.6, 0.6)
    place = size_at(Size.CORD_PLACE, levels) + front_off
    front_share = np.clip(place + 0.15 * np.sin(arc / 38 + front_phase), -0.95, 0.95)
    room = np.maximum((front - back) / 2 - half_depth - 0.2, 0)
    in_canal = (front + back) / 2 + front_share * room
    in_head = np.clip(-levels / 1.5, 0, 1)
    forward = (1 - in_head) * in_canal + in_head * (front - 3 - half_depth)
    return right_share * room_sideways * (1 - in_head), forward
