"""Masks are corrected in a real browser, with a real pointer and keys, and found in the files that were saved."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.correction.server import serve
from nnunet_ext.report.desk.assets import desk_assets
from tests.report.browser import CONTROL, ENTER, SHIFT, Browser
from tests.report.desk.desk_window import DeskWindow, desk_window
from tests.report.desk.made_cases import Bool, Geometry, MadeCases

GEOMETRIES = (
    *(Geometry(axes) for axes in ("RAS", "LPS", "LAS", "PSR", "AIL", "SRP", "ILA", "PLI")),
    Geometry("ASL", tilt=17.0),
    Geometry("LPS", spacing=(0.4, 0.4, 5.0)),
)
NAMED = {"Enter": ENTER, "ArrowUp": "\ue013", "ArrowDown": "\ue015", "PageUp": "\ue00e", "PageDown": "\ue00f"}


@pytest.fixture(scope="module")
def drawn(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MadeCases, DeskWindow]]:
    made = MadeCases(tmp_path_factory.mktemp("drawn"), GEOMETRIES)
    with serve(made.desk(), desk_assets()) as serving, desk_window(chromium, serving.address) as window:
        yield made, window


@pytest.mark.parametrize("number", range(1, len(GEOMETRIES) + 1), ids=[one.name for one in GEOMETRIES])
def test_a_stroke_over_what_shines_is_saved_as_exactly_those_voxels(
    drawn: tuple[MadeCases, DeskWindow], number: int
) -> None:
    made, window = drawn
    if window.run("return desk.here.current") != number:
        window.go(number)
    window.wait_for(number)
    left, top, right, bottom = window.shining()
    voxel, middle = (right - left) / 5, (top + bottom) / 2
    window.press("b", *"[" * 8)
    window.drag(*((left + voxel * (column + 0.5), middle) for column in (0, 2, 4)))
    truth = made.truth(number)
    assert np.argwhere(window.mask() & ~truth.lesion).tolist() == np.argwhere(truth.bright).tolist()
    assert (window.mask() >= truth.lesion).all()
    window.press("e")
    window.drag((left + voxel / 2, middle), (left + 1.5 * voxel, middle))
    kept = truth.lesion | truth.bright
    erased = kept & ~window.mask()
    assert erased.sum() == 2
    assert (truth.bright[erased]).all()
    window.save()
    assert (made.saved(number) == kept & ~erased).all()
    assert (made.saved(number, "sc") == truth.cord).all()
    assert (read_volume(made.image(number)).affine == read_volume(made.output(number)).affine).all()


@pytest.fixture
def case(chromium: Browser, tmp_path: Path) -> Iterator[tuple[MadeCases, DeskWindow]]:
    made = MadeCases(tmp_path, (Geometry("LAS"), Geometry("PSR")))
    with serve(made.desk(), desk_assets()) as serving, desk_window(chromium, serving.address) as window:
        yield made, window
        assert chromium.errors() == []


def place_of(mask: Bool) -> tuple[int, ...]:
    """A voxel of a mask, in the slice that is shown."""
    return tuple(int(at) for at in np.argwhere(mask)[0])


def test_one_click_removes_a_false_lesion_and_undo_brings_it_back(case: tuple[MadeCases, DeskWindow]) -> None:
    made, window = case
    truth = made.truth(1)
    window.click(place_of(truth.lesion))
    assert not window.mask().any()
    window.press("u")
    assert (window.mask() == truth.lesion).all()
    window.press("U", ENTER)
    assert "Save once more to say that there is none" in window.notice
    window.save()
    assert not made.saved(1).any()
    effort = (made.root / "desk" / "effort.tsv").read_text()
    assert "remove 1; undo 1; redo 1" in effort


def test_one_click_adds_what_the_model_nearly_found_and_the_wheel_sets_how_much(
    case: tuple[MadeCases, DeskWindow],
) -> None:
    made, window = case
    truth = made.truth(1)
    near = np.unravel_index(np.argmax(np.where(truth.lesion, 0, truth.probability)), truth.cord.shape)
    place = tuple(int(at) for at in near)
    window.click(place)
    added = window.mask() & ~truth.lesion
    stored = np.rint(truth.probability * 255)
    missed = (stored > 0) & ~truth.lesion
    assert (added == missed & (stored >= round(stored[near] / 2))).all()
    for _ in range(2):
        window.wheel(place, -100, keys=SHIFT)
    wider = window.mask() & ~truth.lesion
    assert wider.sum() > added.sum()
    assert (wider <= missed).all()
    for _ in range(2):
        window.wheel(place, 100, keys=SHIFT)
    assert (window.mask() & ~truth.lesion == added).all()
    window.save()
    assert (made.saved(1) == truth.lesion | added).all()


def test_a_tab_that_is_closed_in_the_middle_loses_nothing(case: tuple[MadeCases, DeskWindow]) -> None:
    made, window = case
    browser, first = window.browser, window.browser.tabs()[0]
    window.click(place_of(made.truth(1).lesion))
    browser.wait(lambda: "draft kept" in "".join(browser.texts("#saved")), "the draft")
    second = browser.new_tab()
    browser.to_tab(first)
    browser.close_tab()
    browser.to_tab(second)
    window.start()
    assert window.run("return desk.here.current") == 1
    assert "where you stopped" in window.notice
    assert not window.mask().any()


def test_a_second_tab_is_told_who_holds_the_case(case: tuple[MadeCases, DeskWindow]) -> None:
    _, window = case
    browser, first = window.browser, window.browser.tabs()[0]
    browser.new_tab()
    window.start()
    assert window.run("return desk.here.current") == 2  # the first is held
    browser.click('#list button[data-id="1"]')
    browser.wait(lambda: "Held by tab of ann on" in "".join(browser.texts("#cover")), "the holder")
    browser.close_tab()
    browser.to_tab(first)
    browser.errors()  # that of the refused request


_PREPARED = """
const {app} = desk.here, [bright, lesion] = arguments;
document.activeElement.blur();
document.querySelectorAll('dialog[open]').forEach(one => one.close());
while (app.work.layers.undo());
Object.assign(app.settings, {tool: '', hidden: []});
app.work.begin(bright, 2, false);
app.work.end();
app.work.remove(app.work.grid.index(lesion));
app.work.undo();
app.view.moveTo(lesion);
app.view.contrast(30, 10);
document.getElementById('notice').textContent = '';
"""
_GLANCE = """
const {app, current, parts} = desk.here;
const {work} = app;
return JSON.stringify([app.settings, current, work && [app.view.shown, work.masks(), work.said, work.region],
    document.activeElement.id, [...document.querySelectorAll('dialog')].map(one => one.open),
    document.getElementById('notice').innerText, parts.map(part => part.kept), app.effort.get().tools]);
"""  # fmt: skip


def test_every_key_of_the_list_does_something(case: tuple[MadeCases, DeskWindow]) -> None:
    made, window = case
    truth = made.truth(1)
    bright, lesion = place_of(truth.bright), place_of(truth.lesion)
    leaving = ["j", "k", "l", "R", "Enter"]
    listed = window.run("return [...document.querySelectorAll('#keys tr')].map(row => row.dataset.key)")
    assert len(listed) == len(set(listed)) > 40
    window.browser.point(("move", *window.at(bright)))
    for key in sorted(listed, key=lambda one: leaving.index(one) if one in leaving else -1):
        if window.run("return desk.here.current") != 1:
            window.go(1)
        window.run(_PREPARED, list(bright), list(lesion))
        before = window.run(_GLANCE)
        window.press(NAMED.get(key, key))
        window.browser.wait(lambda: window.run(_GLANCE) != before, f"what {key} does")  # noqa: B023 - waits here
        window.ready()


def test_an_outline_drawn_by_hand_is_filled_and_slices_between_two_are_interpolated(
    case: tuple[MadeCases, DeskWindow],
) -> None:
    made, window = case
    truth = made.truth(1)
    window.press("n", "f")
    corners = [(9, 7), (14, 7), (14, 13), (9, 13), (9, 8)]
    for slice_ in (3, 8):
        window.run("desk.here.app.view.moveTo(arguments[0])", [12, 10, slice_])
        places = [window.at((*corner, slice_)) for corner in corners]
        window.drag(*places)
    drawn = np.flatnonzero(window.mask().any(axis=(0, 1)))
    assert drawn.tolist() == [3, 8]
    window.run("desk.here.app.view.moveTo(arguments[0])", [12, 10, 5])
    window.press("i")
    mask = window.mask()
    assert np.flatnonzero(mask.any(axis=(0, 1))).tolist() == [3, 4, 5, 6, 7, 8]
    assert (mask[10:14, 8:13, 3:9]).all()
    assert all((mask[..., at] == mask[..., 3]).all() for at in range(4, 9))
    assert not (mask & ~truth.cord).any()
    window.save()
    assert (made.saved(1) == mask).all()


def test_the_brush_is_held_to_the_cord_and_to_brighter_voxels(case: tuple[MadeCases, DeskWindow]) -> None:
    made, window = case
    truth = made.truth(1)
    first, second = place_of(truth.bright), (place_of(truth.bright)[0], place_of(truth.bright)[1] + 1, 5)
    across = [window.at((at, *first[1:])) for at in (2, 12, 27)]
    window.press("b", *"[" * 8)
    window.drag(*across)
    painted = window.mask() & ~truth.lesion
    assert 0 < painted.sum() == (painted & truth.cord).sum()
    assert painted.sum() == 15  # the cord is so wide, and the stroke went on at both sides
    window.press("u", *"]" * 6, "g")
    window.drag(window.at(first), window.at(second))
    painted = window.mask() & ~truth.lesion
    assert painted.any()
    assert not (painted & ~truth.bright).any()
    window.press("u", "g", "g", "h", "[", "[", "[", "[", "[", "[")
    window.drag(*across)
    assert (window.mask() & ~truth.lesion & ~truth.cord).any()


def test_a_lesion_that_is_drawn_in_part_is_fitted_to_the_picture_and_the_wheel_sets_how_far(
    case: tuple[MadeCases, DeskWindow],
) -> None:
    made, window = case
    truth = made.truth(1)
    first, second = (tuple(int(at) for at in place) for place in np.argwhere(truth.bright)[:2])
    window.press("b", *"[" * 8)
    window.drag(window.at(first), window.at(second))
    part = window.mask()
    assert (part & truth.bright).sum() == 2
    window.browser.point(("move", *window.at(second)))
    window.press("F")
    assert (window.mask() == truth.lesion | truth.bright).all()
    assert "Fitted to the picture: 5 mm³" in window.notice
    for _ in range(9):
        window.wheel(second, -100, keys=SHIFT)
    wide = window.mask()
    assert wide.sum() > 7
    assert not (wide & ~truth.cord).any()
    window.press("u")
    assert (window.mask() == part).all()
    window.save()
    assert "; fit 1; undo 1" in (made.root / "desk" / "effort.tsv").read_text()


def test_three_dimensions_show_what_is_drawn_in_the_order_of_niivue(case: tuple[MadeCases, DeskWindow]) -> None:
    made, window = case
    window.go(2)  # whose axes are turned
    window.click(place_of(made.truth(2).bright), plane="axial")
    window.press("d")
    window.browser.wait(lambda: window.run("return document.body.dataset.solid"), "NiiVue")
    values, shape, matrix = window.run("""
        const {drawing, volume} = desk.here.solid;
        return [[...drawing], volume.dimsRAS.slice(1, 4), [...volume.matRAS]];
    """)
    shown = np.array(values).reshape(shape, order="F")
    truth = made.truth(2)
    places = np.argwhere(shown == 2) @ np.array(matrix).reshape(4, 4)[:3, :3].T + np.array(matrix).reshape(4, 4)[:3, 3]
    affine = read_volume(made.image(2)).affine
    wanted = np.argwhere(truth.lesion) @ affine[:3, :3].T + affine[:3, 3]
    assert np.allclose(sorted(map(tuple, places.round(3))), sorted(map(tuple, wanted.round(3))))
    assert (shown == 1).sum() == (truth.cord & ~truth.lesion).sum()
    window.press("d")


def test_work_goes_on_while_the_server_is_gone_and_is_kept_when_it_is_back(
    case: tuple[MadeCases, DeskWindow],
) -> None:
    made, window = case
    browser = window.browser
    browser.offline(True)
    window.click(place_of(made.truth(1).lesion))
    browser.wait(lambda: "does not answer" in "".join(browser.texts("#lost")), "the notice")
    window.press("u", "U")
    browser.offline(False)
    browser.wait(lambda: "draft kept" in "".join(browser.texts("#saved")), "the draft")
    assert browser.texts("#lost") == []
    window.start()
    assert not window.mask().any()
    browser.errors()  # those of the requests that came to nothing


_HASTY = """
const until = (holds) => new Promise(done => { const look = () => holds() ? done() : setTimeout(look, 0); look(); });
const click = (id) => document.querySelector(`#list [data-id="${id}"]`).click();
return (async () => {
    for (const id of [2, 1, 2]) { click(id); await until(() => desk.here.current === id && !desk.here.app.work); }
    return true;
})();
"""
_HELD = """
return fetch('queue?tab=other').then(answer => answer.json()).then(({cases}) => cases.map(one => one.held_by !== ''));
"""


def test_a_case_that_was_asked_for_and_left_before_it_came_is_not_held(case: tuple[MadeCases, DeskWindow]) -> None:
    _, window = case
    assert window.run(_HASTY)
    window.wait_for(2)
    window.browser.wait(lambda: window.run(_HELD) == [False, True], "the one case that is held")


def test_a_case_that_was_changed_is_saved_when_it_is_left_for_another(case: tuple[MadeCases, DeskWindow]) -> None:
    made, window = case
    window.click(place_of(made.truth(1).bright))
    window.press("b")
    window.drag(window.at(place_of(made.truth(1).bright)), window.at((15, 15, 5)))
    mask = window.mask()
    assert (mask != made.truth(1).lesion).any()
    window.press("j")
    window.wait_for(2)
    assert (made.saved(1) == mask).all()
    assert window.run("return document.querySelector('#list [data-id=\"1\"]').dataset.state") == "edit"
    window.press("k")
    window.wait_for(1)
    assert (window.mask() == mask).all()
    window.press("j")
    window.wait_for(2)
    assert not made.output(2).exists()  # nothing of it was changed


def test_a_rater_rejects_and_puts_off_with_a_comment(case: tuple[MadeCases, DeskWindow]) -> None:
    made, window = case
    window.press("/", *"moved", ENTER, "R")
    window.wait_for(2)
    window.press("l")
    window.browser.wait(lambda: window.run("return document.getElementById('all-done').open"), "the end")
    rows = [line.split("\t") for line in (made.root / "desk" / "marks.tsv").read_text().splitlines()]
    table = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert {(row["case"][0], row["action"]) for row in table} == {("1", "reject"), ("2", "defer")}
    assert any("moved" in row["comment"] for row in table if row["action"] == "reject")
    assert not made.output(1).exists()


def test_wheel_and_drags_move_slices_zoom_crosshair_and_contrast(case: tuple[MadeCases, DeskWindow]) -> None:
    _, window = case
    look = (
        "const {view} = desk.here.app; return [view.cursor, view.window, view.tiles.axial.scale, view.tiles.axial.x0]"
    )
    place = (12, 12, 5)
    cursor, contrast, scale, _ = window.run(look)
    window.wheel(place, -100)
    assert window.run(look)[0] == [*cursor[:2], cursor[2] + 1]
    window.wheel(place, 100)
    window.wheel(place, -100, keys=CONTROL)
    x, y = window.at(place)
    assert window.run(look)[2] > scale
    window.drag((x, y), (x + 60, y + 20), button=2)
    changed = window.run(look)
    assert changed[1] != contrast
    assert changed[0] == cursor
    window.drag((x, y), button=2)
    assert window.run(look)[0] == list(place)
    left = window.run(look)[3]
    window.drag((x, y), (x + 30, y), button=1)
    window.at(place)  # draws
    assert abs(window.run(look)[3] - left - 30) < 1.5
    assert window.run("return desk.here.app.work.layers.done.length") == 0
