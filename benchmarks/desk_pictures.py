"""Pictures of masks being corrected in the browser, and an animation of them, from what `nnunet_ext predict` left.

    python -m benchmarks.desk_pictures PREDICTED --images DIR --truth DIR -o OUT

PREDICTED holds probabilities (`predict --save_probabilities`), `--truth` masks of the same images, such as those of
`nnunet_ext inject`. In headless Chromium, with a real pointer: in each case every predicted lesion that is none is
removed with one click, and every lesion that was missed is added with one, where the model nearly found it; then the
case is saved. OUT gets `desk.webp` and a PNG of each of its frames. What it corrects goes to a folder of its own.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Final

import cc3d
import numpy as np
import numpy.typing as npt
from PIL import Image

from nnunet_ext.core.nifti_read import read_mask
from tests.report.browser import ENTER, browser
from tests.report.desk.desk_window import DeskWindow, desk_window

_SECONDS: Final = 1.8
_SIZE: Final = (1024, 640)  # of the animation
_QUALITY: Final = 70
_LEFT: Final = "return desk.here.current !== arguments[0] || document.getElementById('all-done').open"


def main() -> None:
    """Draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("predicted", type=Path)
    add("--images", type=Path, required=True)
    add("--truth", type=Path, required=True)
    add("-o", "--out", type=Path, required=True)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        verb = (
            sys.executable,
            "-m",
            "nnunet_ext",
            "correct",
            asked.predicted,
            "--images",
            asked.images,
            "--no-browser",
        )
        command = [*map(str, verb), "-o", str(Path(folder) / "corrected"), "--rater", "ann"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
            try:
                with browser(Path(folder) / "browser") as chromium, desk_window(chromium, _address(served)) as window:
                    frames = list(_frames(window, asked.truth))
            finally:
                served.terminate()
    asked.out.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames, start=1):
        frame.save(asked.out / f"desk-{number}.png", optimize=True)
    small = [frame.resize(_SIZE, Image.Resampling.LANCZOS) for frame in frames]
    milliseconds = round(1000 * _SECONDS)
    small[0].save(
        asked.out / "desk.webp", save_all=True, append_images=small[1:], duration=milliseconds, loop=0, quality=_QUALITY
    )


def _address(served: "subprocess.Popen[str]") -> str:
    for line in served.stdout or ():
        if found := re.search(r"http://\S+", line):
            return found[0]
    sys.exit("the desk did not start")


def _frames(window: DeskWindow, truth: Path) -> Iterator[Image.Image]:
    for number in window.run("return [...document.querySelectorAll('#list button')].map(one => +one.dataset.id)"):
        if window.run("return desk.here.current") != number:
            window.go(number)
        window.wait_for(number)
        yield from _corrected(window, truth)
        window.press(ENTER)
        window.browser.wait(partial(window.run, _LEFT, number), "saving")


def _corrected(window: DeskWindow, truth: Path) -> Iterator[Image.Image]:
    window.run("desk.here.app.settings.big = 'axial'; desk.here.app.view.draw()")
    yield _picture(window)
    name = window.run("return desk.here.app.work.given.name")
    true = read_mask(next(truth.rglob(f"{name}_label-lesion_seg.nii*"))).data > 0
    found = window.mask()
    for part in (*_apart(found, true), *_apart(true, found)):
        _look_at(window, part)
        yield _picture(window)
        window.click(part)
        yield _picture(window)


def _apart(mask: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> list[tuple[int, ...]]:
    """Give a voxel in the middle of each part of a mask that does not touch another."""
    parts, count = cc3d.connected_components(mask, connectivity=26, return_N=True)
    alone = [parts == number for number in range(1, count + 1) if not (other & (parts == number)).any()]
    return [_middle(part) for part in alone]


def _middle(part: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    voxels = np.argwhere(part)
    nearest = voxels[np.argmin(((voxels - voxels.mean(axis=0)) ** 2).sum(axis=1))]
    return tuple(nearest.tolist())


def _look_at(window: DeskWindow, voxel: tuple[int, ...]) -> None:
    window.run("desk.here.app.view.moveTo(arguments[0]); desk.here.app.view.draw()", list(voxel))
    window.browser.point(("move", *window.at(voxel)))


def _picture(window: DeskWindow) -> Image.Image:
    window.run("return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
    return Image.open(BytesIO(window.browser.screenshot())).convert("RGB")


if __name__ == "__main__":
    main()
