"""The parts of the page that know nothing of a screen, run in a browser and compared with what Python says."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage, stats

from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.correction.runs import runs_of
from nnunet_ext.report.desk.assets import desk_assets
from nnunet_ext.report.desk.page_files import SCRIPTS
from tests.report.browser import Browser
from tests.report.desk.made_cases import Geometry

SHAPE = (7, 6, 5)
AXES = tuple(
    "".join(letters[flip] for letters, flip in zip(order, flips, strict=True))
    for order in itertools.permutations(("RL", "AP", "SI"))
    for flips in itertools.product((0, 1), repeat=3)
)


@pytest.fixture(scope="module")
def page(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("scripts")
    assets = desk_assets()
    pure = [name for name in SCRIPTS if name != "main.js"]
    for name in pure:
        (folder / name).write_bytes(assets[name][0])
    tags = "".join(f'<script src="{name}"></script>' for name in pure)
    (folder / "page.html").write_text(f"<!doctype html><meta charset=utf-8>{tags}", encoding="utf-8")
    chromium.open(folder / "page.html")
    yield chromium
    assert chromium.errors() == []


def blobs(seed: int, shape: tuple[int, ...] = (14, 12, 9)) -> npt.NDArray[np.bool_]:
    """A few random parts, some of which touch by a corner."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 1.0)
    return np.asarray(noise > np.quantile(noise, 0.8))


def flat(mask: npt.NDArray[np.bool_]) -> list[int]:
    numbers: list[int] = mask.ravel(order="F").astype(int).tolist()
    return numbers


GRID = "const grid = desk.grid.make({shape: arguments[0], affine: arguments[1]}); "


@pytest.mark.parametrize("tilt", [0.0, 17.0])
def test_the_screen_shows_the_patient_the_same_way_whatever_the_axes_of_the_file(page: Browser, tilt: float) -> None:
    script = (
        GRID
        + """
        const out = [];
        for (const name of ['axial', 'sagittal', 'coronal']) {
            const plane = grid.planes[name];
            for (const [column, row] of [[0.5, 0.5], [1.5, 0.5], [0.5, 1.5]]) {
                const voxel = desk.grid.place(plane, column, row, 2);
                const back = desk.grid.spot(plane, voxel);
                out.push([name, grid.mm(voxel), Math.abs(back[0] - column) + Math.abs(back[1] - row)]);
            }
            const next = desk.grid.place(plane, 0.5, 0.5, 2);
            next[plane.through] += plane.forward ? 1 : -1;
            out.push([name, grid.mm(next), 0]);
        }
        return out;
    """
    )
    # Right, front and top of what lies one column further right, one row further down, and one slice up.
    wanted = {
        "axial": ((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
        "sagittal": ((0, -1, 0), (0, 0, -1), (1, 0, 0)),
        "coronal": ((-1, 0, 0), (0, 0, -1), (0, 1, 0)),
    }
    assert len(set(AXES)) == 48
    for axes in AXES:
        data, affine = Geometry(axes, spacing=(0.5, 0.7, 2.0), tilt=tilt).turn(np.zeros(SHAPE))
        told = page.run(script, list(data.shape), affine.tolist())
        for plane, ways in wanted.items():
            places = [np.array(mm) for name, mm, off in told if name == plane and off < 1e-9]
            assert len(places) == 4, (axes, plane)
            for place, way in zip(places[1:], ways, strict=True):
                step = place - places[0]
                assert np.argmax(np.abs(step)) == np.argmax(np.abs(way)), (axes, plane)
                assert np.sign(step[np.argmax(np.abs(way))]) == np.sum(way), (axes, plane)


def test_voxels_have_the_numbers_and_places_that_nibabel_gives_them(page: Browser) -> None:
    for axes in AXES[::5]:
        data, affine = Geometry(axes, spacing=(0.5, 0.7, 2.0), tilt=9.0).turn(np.zeros(SHAPE))
        voxel = [1, 3, 2]
        index, back, mm, spacing = page.run(
            GRID + "const at = grid.index(arguments[2]);"
            "return [at, grid.voxel(at), grid.mm(arguments[2]), grid.spacing]",
            list(data.shape), affine.tolist(), voxel,
        )  # fmt: skip
        assert index == np.ravel_multi_index(voxel, data.shape, order="F")
        assert back == voxel
        assert np.allclose(mm, (affine @ [*voxel, 1])[:3])
        assert np.allclose(spacing, nib.affines.voxel_sizes(affine))


def test_runs_are_those_that_the_server_reads(page: Browser) -> None:
    for seed in range(5):
        mask = blobs(seed)
        runs = page.run("return desk.runs.encode(Uint8Array.from(arguments[0]))", flat(mask))
        assert runs == runs_of(mask).ravel().tolist()
        back = page.run("return [...desk.runs.decode(arguments[0], new Uint8Array(arguments[1]))]", runs, mask.size)
        assert back == flat(mask)


@pytest.mark.parametrize("runs", [[3, 2, 4, 1], [-1, 2], [5, 0], [8, 5], [1.5, 1], [0, 2, 2, 1]])
def test_runs_that_overlap_touch_or_leave_the_volume_are_an_error(page: Browser, runs: list[float]) -> None:
    said = page.run(
        "try { desk.runs.decode(arguments[0], new Uint8Array(10)); return '' } catch (error) { return error.message }",
        runs,
    )
    assert "does not follow" in said


def test_parts_hang_together_over_faces_edges_and_corners_as_scipy_has_it(page: Browser) -> None:
    mask = blobs(1)
    labels, count = ndimage.label(mask, np.ones((3, 3, 3)))
    script = (
        GRID
        + """
        const mask = Uint8Array.from(arguments[2]);
        const found = desk.components.parts(mask, grid).map(part => [...part].sort((a, b) => a - b));
        const one = desk.components.connected(mask, grid, found[1][0]).sort((a, b) => a - b);
        return [found, one, mask.every((value, at) => value === arguments[2][at])];
    """
    )
    found, one, untouched = page.run(script, list(mask.shape), np.eye(4).tolist(), flat(mask))
    numbers = labels.ravel(order="F")
    wanted = sorted(np.flatnonzero(numbers == label).tolist() for label in range(1, count + 1))
    assert sorted(found) == wanted
    assert one == found[1]
    assert untouched


def test_undo_and_redo_go_all_the_way_through_many_changes(page: Browser) -> None:
    script = """
        let state = 7;
        const random = (most) => { state = (state * 16807) % 2147483647; return state % most; };
        const given = {a: {runs: [2, 5]}, b: {runs: []}};
        const layers = desk.layers.make(60, ['a', 'b'], given, given);
        const look = () => JSON.stringify([[...layers.masks.a], [...layers.masks.b], layers.off, layers.count]);
        const seen = [look()];
        for (let n = 0; n < 200; n += 1) {
            const [start, region] = [random(50), random(2) ? 'a' : 'b'];
            const entry = layers.apply('brush', [{region, voxels: [start, start + 1 + random(9)]}]);
            if (random(3) === 0) layers.extend(entry, region === 'a' ? 'b' : 'a', [start + 3]);
            seen.push(look());
        }
        const right = {a: 0, b: 0};
        const differs = value => value === 1 || value === 2;
        for (const name of ['a', 'b']) right[name] = layers.masks[name].filter(differs).length;
        const counted = JSON.stringify(right) === JSON.stringify(layers.off);
        for (let n = 199; n >= 0; n -= 1) { layers.undo(); if (look() !== seen[n]) return [`undo ${n}`]; }
        if (layers.undo() !== null || layers.changed()) return ['more to undo'];
        for (let n = 1; n <= 200; n += 1) { layers.redo(); if (look() !== seen[n]) return [`redo ${n}`]; }
        layers.undo();
        layers.apply('brush', [{region: 'a', voxels: [0]}]);
        return ['', layers.redo() === null, counted];
    """
    assert page.run(script) == ["", True, True]


def test_what_grows_is_the_connected_part_above_the_level_and_keeps_its_likeliest_voxels(page: Browser) -> None:
    rng = np.random.default_rng(3)
    values = np.rint(255 * ndimage.gaussian_filter(rng.uniform(size=(12, 11, 8)), 1.2) ** 2)
    values = np.clip(np.rint(values * 255 / values.max()), 0, 255).astype(np.uint8)
    allowed = np.ones(values.shape, dtype=np.bool_)
    allowed[:3] = False
    seed = np.unravel_index(np.argmax(np.where(allowed, values, 0)), values.shape)
    level = int(np.quantile(values, 0.6))
    script = (
        GRID
        + """
        const [, , values, allowed, seed, level, most] = arguments;
        const field = {grid, value: at => values[at], allowed: at => allowed[at] === 1};
        const made = desk.grow.part(field, seed, level, most);
        return [made.voxels, made.cut];
    """
    )
    number = int(np.ravel_multi_index(seed, values.shape, order="F"))
    asked: list[Any] = [
        list(values.shape), np.eye(4).tolist(), values.ravel(order="F").tolist(), flat(allowed), number, level,
    ]  # fmt: skip
    labels, _ = ndimage.label((values >= level) & allowed, np.ones((3, 3, 3)))
    wanted = np.flatnonzero((labels == labels[seed]).ravel(order="F")).tolist()
    voxels, cut = page.run(script, *asked, 10**6)
    assert (sorted(voxels), cut) == (wanted, False)
    some, cut = page.run(script, *asked, len(wanted) // 2)
    assert (len(some), cut) == (len(wanted) // 2, True)
    assert set(some) <= set(wanted)
    heights = values.ravel(order="F")
    assert heights[some].mean() > heights[wanted].mean()


def fitted(
    image: npt.NDArray[np.float64],
    part: npt.NDArray[np.bool_],
    near: npt.NDArray[np.bool_],
    prior: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """The odds of each voxel of a neighbourhood after three rounds, times a half."""
    start = np.log(prior[near] / (1 - prior[near])) / 2 + np.where(part[near], 1, -1)
    odds, values = start, image[near]
    for _ in range(3):
        share = 1 / (1 + np.exp(-odds))
        logs = []
        for weight in (share, 1 - share):
            mean = np.average(values, weights=weight)
            spread = np.sqrt(np.average((values - mean) ** 2, weights=weight))
            logs.append(stats.norm.logpdf(values, mean, spread))
        odds = start + logs[0] - logs[1]
    made = np.zeros(image.shape)
    made[near] = 255 / (1 + np.exp(-odds / 2))
    return made


@pytest.mark.parametrize("known", [False, True])
def test_a_part_that_is_badly_outlined_is_fitted_to_what_shines(page: Browser, known: bool) -> None:
    shape, spacing = (18, 16, 7), np.array([0.7, 0.9, 2.5])
    rng = np.random.default_rng(4)
    place = (np.indices(shape).T * spacing - np.array([6, 7, 7.5])).T
    truth = (place**2).sum(axis=0) < 3.2**2
    part = np.roll(truth, 2, axis=0) & (np.indices(shape)[1] < 9)
    allowed = np.ones(shape, dtype=np.bool_)
    allowed[:3] = False
    image = np.rint(100 + 40 * truth + rng.normal(0, 5, shape))
    probability = np.clip(np.rint(255 * ndimage.gaussian_filter(part.astype(float), 1.0)), 0, 255)
    script = (
        GRID
        + """
        const [, , image, probability, allowed, part] = arguments;
        const found = desk.fit.around({grid, image, probability, allowed: at => allowed[at] === 1}, part);
        return [found.seed, image.map((_, at) => found.value(at))];
    """
    )
    numbers = np.flatnonzero((part & allowed).ravel(order="F")).tolist()
    seed, values = page.run(
        script, list(shape), np.diag([*spacing, 1]).tolist(), image.ravel(order="F").tolist(),
        probability.ravel(order="F").tolist() if known else None, flat(allowed), numbers,
    )  # fmt: skip
    part &= allowed
    near = (ndimage.distance_transform_edt(~part, sampling=spacing) <= 4) & allowed
    prior = np.clip(probability / 255, 0.02, 0.98) if known else np.full(shape, 0.5)
    made = np.array(values).reshape(shape, order="F")
    assert np.abs(made - fitted(image, part, near, prior)).max() < 0.51
    assert seed in numbers
    assert values[seed] == made[part].max()
    reached = truth & near
    before = 2 * (part & truth).sum() / (part.sum() + truth.sum())
    after = 2 * ((made >= 128) & reached).sum() / ((made >= 128).sum() + reached.sum())
    assert before < 0.7
    assert after > 0.9


@pytest.mark.parametrize("through", [-1, 0, 2])
def test_a_brush_paints_the_voxels_within_its_radius_of_the_line_in_millimetres(page: Browser, through: int) -> None:
    shape, spacing, radius = (15, 12, 9), np.array([0.5, 0.8, 2.5]), 1.7
    start, end = np.array([3.2, 4.1, 3.0]), np.array([10.4, 7.9, 3.0 if through == 2 else 5.2])
    if through == 0:
        end[0] = start[0] = 6.0
    affine = np.diag([*spacing, 1.0])
    script = GRID + "return [...desk.brush.stroke(grid, arguments[2], arguments[3], arguments[4])]"
    voxels = page.run(
        script, list(shape), affine.tolist(), start.tolist(), end.tolist(), {"radius": radius, "through": through}
    )
    places = np.indices(shape).reshape(3, -1).T
    way = (end - start) * spacing
    along = np.clip(((places - start) * spacing) @ way / (way @ way), 0, 1)
    far = np.linalg.norm((places - start) * spacing - along[:, None] * way, axis=1)
    within = far <= radius
    if through >= 0:
        within &= places[:, through] == round(end[through])
    wanted = {int(np.ravel_multi_index(place, shape, order="F")) for place in places[within]}
    assert wanted <= set(voxels)
    on_line = {tuple(np.rint(start + part * (end - start)).astype(int)) for part in np.linspace(0, 1, 400)}
    rest = {tuple(int(at) for at in np.unravel_index(voxel, shape, order="F")) for voxel in set(voxels) - wanted}
    assert rest <= {tuple(int(at) for at in place) for place in on_line}


def test_a_closed_outline_is_filled_and_an_open_one_is_not(page: Browser) -> None:
    ring = np.zeros((9, 9), dtype=np.bool_)
    ring[2:7, 2:7] = True
    ring[3:6, 3:6] = False
    script = "return desk.fill.hole(Uint8Array.from(arguments[0]), 9, 9, 4, 4)"
    inside = page.run(script, flat(ring))
    assert sorted(map(tuple, inside)) == sorted(itertools.product(range(3, 6), range(3, 6)))
    ring[4, 2] = False
    assert page.run(script, flat(ring)) is None


def test_an_outline_holds_the_voxels_whose_middle_it_surrounds(page: Browser) -> None:
    from matplotlib.path import Path as Line

    angles = np.linspace(0, 2 * np.pi, 23, endpoint=False)
    points = np.stack([7.3 + 4.2 * np.cos(angles), 6.1 + 3.1 * np.sin(angles)], axis=1)
    found = page.run("return desk.fill.polygon(arguments[0], 16, 13)", points.tolist())
    places = np.array(list(itertools.product(range(16), range(13))))
    assert sorted(map(tuple, found)) == sorted(map(tuple, places[Line(points).contains_points(places)].tolist()))


def test_slices_between_two_discs_are_discs_that_grow_and_move_in_even_steps(page: Browser) -> None:
    rows, columns = np.indices((40, 40))
    discs = {2: (12, 14, 5.0), 8: (24, 20, 9.0)}
    script = """
        const take = (slice, data) => ({slice, data: Uint8Array.from(data), width: 40, height: 40, sizes: [1, 1]});
        const made = desk.interpolate.between(take(2, arguments[0]), take(8, arguments[1]));
        return [...made].map(([slice, data]) => [slice, [...data]]);
    """
    drawn = [((rows - y) ** 2 + (columns - x) ** 2 <= r**2).astype(int).ravel().tolist() for x, y, r in discs.values()]
    made = {slice_: np.array(data).reshape(40, 40) for slice_, data in page.run(script, *drawn)}
    assert sorted(made) == [3, 4, 5, 6, 7]
    for slice_, data in made.items():
        part = (slice_ - 2) / 6
        x, y, radius = (a + part * (b - a) for a, b in zip(discs[2], discs[8], strict=True))
        assert np.allclose(ndimage.center_of_mass(data), (y, x), atol=0.6)
        assert abs(np.sqrt(data.sum() / np.pi) - radius) < 0.5


def test_smoothing_takes_a_spur_off_and_keeps_the_area(page: Browser) -> None:
    rows, columns = np.indices((30, 34))
    disc = (rows - 14) ** 2 + (columns - 15) ** 2 <= 49
    ragged = disc.copy()
    ragged[14, 22:30] = True
    script = """
        const [data, count] = [Uint8Array.from(arguments[0]), arguments[1]];
        return [...desk.smooth.outline({data, width: 34, height: 30, sizes: [1, 1], count}, 1.5)];
    """
    smooth = np.array(page.run(script, ragged.astype(int).ravel().tolist(), int(ragged.sum()))).reshape(30, 34)
    assert abs(int(smooth.sum()) - int(ragged.sum())) <= 0.03 * ragged.sum()
    assert not smooth[14, 26:].any()
    assert (smooth & disc).sum() > 0.97 * disc.sum()


def test_a_written_nifti_is_what_nibabel_reads_and_the_page_reads_it_back(page: Browser, tmp_path: Path) -> None:
    mask = blobs(4)
    affine = Geometry("PSR", spacing=(0.5, 0.7, 2.0), tilt=9.0).turn(np.zeros(SHAPE))[1]
    script = """
        const [data, shape, affine] = arguments;
        const bytes = desk.nifti.write(Uint8Array.from(data), {shape, affine, spacing: [2, 0.7, 0.5]});
        const back = desk.nifti.read(bytes.buffer);
        return [[...bytes], [...back.data], back.shape, back.affine];
    """
    content, data, shape, told = page.run(script, flat(mask), list(mask.shape), affine.tolist())
    path = tmp_path / "mask.nii"
    path.write_bytes(bytes(content))
    image = read_volume(path)
    assert (image.data == mask).all()
    assert (data, shape) == (flat(mask), list(mask.shape))
    assert np.allclose(image.affine, affine, atol=1e-6)
    assert np.allclose(told, affine, atol=1e-6)


def test_a_pause_counts_for_no_more_than_twenty_seconds(page: Browser) -> None:
    script = """
        const effort = desk.effort.make({seconds: 3, clicks: 1, strokes: 0, tools: {}});
        [0, 4000, 64000, 65000].forEach(now => effort.touch(now));
        effort.used('brush'); effort.used('remove');
        return effort.get();
    """
    assert page.run(script) == {
        "seconds": 3 + 4 + 20 + 1, "clicks": 1, "strokes": 1, "tools": {"brush": 1, "remove": 1},
    }  # fmt: skip


def test_a_threshold_parts_two_groups_of_values(page: Browser) -> None:
    values = [1, 2, 3, 2, 1, 40, 42, 39]
    assert 3 < page.run("return desk.brush.otsu(arguments[0])", values) <= 39
    assert json.dumps(page.run("return desk.brush.otsu([5, 5, 5])")) == "5"
