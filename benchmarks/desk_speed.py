"""Measure how fast the desk is: from the click on a case to its first frame, and from a pointer's move to its stroke.

    python -m benchmarks.desk_speed [IMAGE ...] [--large]

Serves a desk with each image (a cord is made up along the longest run of its middle) and, with `--large`, with a made
one of 512 x 512 x 300, opens it in headless Chromium without a graphics card at 1280 x 900, and prints milliseconds.
The masks, the probability and the strokes are made up; the time does not depend on what they show.
"""

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.target import load_target
from nnunet_ext.correction.desk import Desk, desk_regions
from nnunet_ext.correction.desk_case import DeskCase
from nnunet_ext.correction.server import serve
from nnunet_ext.report.desk.assets import desk_assets
from tests.report.browser import Browser, browser

LARGE: Final = (512, 512, 300)
_MOVES: Final = 60
_TIMED: Final = """
window.timed = {opened: null, moves: []};
const painted = (then) => requestAnimationFrame(() => { const port = new MessageChannel(); port.port1.onmessage = then; port.port2.postMessage(0); });
document.getElementById('list').addEventListener('click', () => {
    const start = performance.now();
    delete document.body.dataset.open;
    const look = () => (document.body.dataset.open ? painted(() => { timed.opened = performance.now() - start; }) : setTimeout(look, 1));
    look();
}, true);
document.addEventListener('pointermove', (event) => {
    if (event.buttons) painted(() => timed.moves.push(performance.now() - event.timeStamp));
});
"""  # noqa: E501 - a script


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="*", type=Path)
    parser.add_argument("--large", action="store_true")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        images = list(asked.images)
        if asked.large:
            images.append(_large(root / "large.nii.gz"))
        cases = [_case(root, number, image) for number, image in enumerate(images, start=2)]
        small = root / "small.nii.gz"
        write_image(small, np.ones((9, 9, 9), dtype=np.int16), np.eye(4))
        desk = Desk(
            "Speed", "ann", (_case(root, 1, small), *cases), desk_regions(load_target("cord-lesion")), root / "desk"
        )
        with serve(desk, desk_assets()) as serving, browser(root / "browser") as window:
            window.open_address(serving.address)
            window.wait(lambda: window.run("return document.body.dataset.open"), "the first case")
            window.run(_TIMED)
            for case in cases:
                _measure(window, case)


def _measure(window: Browser, case: DeskCase) -> None:
    window.run("timed.opened = null; timed.moves = []")
    window.click(f'#list button[data-id="{case.number}"]')
    window.wait(lambda: window.run("return timed.opened || document.body.dataset.failed"), "the case")
    x, y, width, height = window.run(
        "const box = document.getElementById('glass').getBoundingClientRect();"
        "return [box.left, box.top, box.width, box.height]"
    )
    window.press("b", "h", "]", "]", "]")
    across = [("move", x + (0.15 + 0.3 * step / _MOVES) * width, y + 0.5 * height) for step in range(_MOVES)]
    window.point(across[0], ("down", 0))
    for place in across[1:]:
        window.point(place)
    window.point(("up", 0))
    opened, moves = window.run("return [timed.opened, timed.moves]")
    draw = window.run(
        "const {view} = desk.here.app, times = [];"
        "for (let n = 0; n < 10; n += 1) { const start = performance.now(); view.slice("
        "desk.here.app.work.grid.planes.axial, n % 2 ? -1 : 1); view.draw(); times.push(performance.now() - start); }"
        "return times"
    )
    shape = " x ".join(map(str, read_volume(case.image).data.shape))
    print(
        f"{case.name}, {shape}: first frame {opened:.0f} ms after the click; "
        f"a stroke {statistics.median(moves):.0f} ms after the move (most {max(moves):.0f}, {len(moves)} moves); "
        f"another slice in {statistics.median(draw):.0f} ms"
    )


def _large(path: Path) -> Path:
    data = np.add.outer(np.add.outer(np.arange(LARGE[0]), np.arange(LARGE[1])), np.arange(LARGE[2])) % 400
    write_image(path, data.astype(np.int16), np.diag([0.5, 0.5, 0.8, 1.0]))
    return path


def _case(root: Path, number: int, path: Path) -> DeskCase:
    image = read_volume(path)
    shape = image.data.shape
    axis = int(np.argmax(shape))
    cord = np.zeros(shape, dtype=np.uint8)
    middle = [slice(int(0.45 * count), int(0.55 * count) + 1) for count in shape]
    middle[axis] = slice(int(0.1 * shape[axis]), int(0.9 * shape[axis]) + 1)
    cord[tuple(middle)] = 1
    lesion = np.zeros_like(cord)
    lesion[tuple(slice(int(0.48 * count), int(0.51 * count) + 1) for count in shape)] = 1
    given = {"sc": root / f"{number}_sc.nii.gz", "lesion": root / f"{number}_lesion.nii.gz"}
    for region, mask in (("sc", cord), ("lesion", lesion)):
        write_mask(given[region], mask, image.affine)
    probability = root / f"{number}_probability.nii.gz"
    write_image(probability, lesion * np.float32(0.8), image.affine)
    output = {region: root / "desk" / f"{number}_{region}.nii.gz" for region in given}
    return DeskCase(number, path.name, path, "", given, output, {"lesion": probability}, "made up", "0")


if __name__ == "__main__":
    main()
