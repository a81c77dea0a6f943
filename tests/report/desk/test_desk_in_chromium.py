"""Masks are corrected in a real browser, with a real pointer and keys, and found in the files that were saved."""

from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.correction.server import serve
from nnunet_ext.report.desk.assets import desk_assets
from tests.report.browser import ENTER, SHIFT, Browser
from tests.report.desk.desk_window import DeskWindow, desk_window
from tests.report.desk.made_cases import Geometry, MadeCases

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
    assert (window.mask() == truth.lesion | truth.bright).all()
    window.press("e")
    window.drag((left + voxel / 2, middle), (left + 1.5 * voxel, middle))
    kept = truth.lesion | truth.bright
    erased = kept & ~window.mask()
    assert erased.sum() == 2
    assert (truth.bright[erased]).all()
    window.save()
    assert (made.saved(number) == kept & ~erased).all()
    assert (made.saved(number, "sc") == truth.cord).all()
    image, mask = nib.load(made.image(number)), nib.load(made.output(number))
    assert (np.asarray(image.affine) == np.asarray(mask.affine)).all()


@pytest.fixture
def case(chromium: Browser, tmp_path: Path) -> Iterator[tuple[MadeCases, DeskWindow]]:
    made = MadeCases(tmp_path, (Geometry("LAS"), Geometry("PSR")))
    with serve(made.desk(), desk_assets()) as serving, desk_window(chromium, serving.address) as window:
        yield made, window
        assert chromium.errors() == []


def place_of(mask: np.ndarray) -> tuple[int, ...]:  # type: ignore[type-arg]
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
return JSON.stringify([app.settings, current, app.work && [app.view.shown, app.work.masks(), app.work.said, app.work.region],
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
