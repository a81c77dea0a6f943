"""What a correction costs at the desk: one-click tools against brush and eraser alone, by a scripted rater.

Synthetic patients with images in three planes are predicted by the lesion model that comes with the package, by its own
threshold and by one half. Of predictions whose lesion Dice is below 0.9 those of each plane are taken in turn that have
most of each kind of fault: false lesions, missed ones, badly outlined ones. Each is corrected twice in headless
Chromium with real pointer and key events until the Dice is 0.9: with the one-click tools (level of the region, remove,
add, fit to the picture, with the wheel for their level) and then brush and eraser for what is left, and with brush and
eraser alone. The rater knows the truth, hits what it points at, does the stroke that mends most voxels a second, and
sees after each step how much is left to do; strokes are planned alike in both. Dice is that of the mask that the desk
saved. Seconds are those of the keystroke-level model (see `desk_rater/tally.py`), as the script itself does not think.

Run: taskset -c 1 python benchmarks/desk_effort.py --root DIR [--resume] [--cases 20] [--json FILE]
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from desk_rater.browser_screen import BrowserScreen
from desk_rater.brushing import Brushing
from desk_rater.cases import Case, choose, described, make_cases
from desk_rater.hand import Hand
from desk_rater.rater import Rater
from desk_rater.summary import show
from trainer_gain import claim

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.tables import read_table
from nnunet_ext.correction.desk import Desk, DeskRegion
from nnunet_ext.correction.server import serve
from nnunet_ext.evaluation.overlap import dice
from nnunet_ext.report.desk.assets import desk_assets
from tests.report.browser import Browser, browser
from tests.report.desk.desk_window import desk_window

ARMS = ("click", "brush")
SEED = 2_000_111  # of patients: no training draws from it


@dataclass(frozen=True)
class Settings:
    """What the figures depend on."""

    patients: int
    seed: int


def main() -> None:
    options = parsed()
    root = options.root.resolve()
    claim(root, Settings(options.patients, options.seed), resume=options.resume)
    begun = time.monotonic()
    cases, regions = make_cases(root, options.patients, options.seed)
    chosen = choose(cases, options.cases)
    print(
        f"{len(cases)} predictions with lesions, {len(chosen)} taken, after {time.monotonic() - begun:.0f} s",
        flush=True,
    )
    results = []
    with browser(_fresh(root / "browser")) as window:
        for number, case in enumerate(chosen, start=1):
            for arm in ARMS:
                results.append(corrected(root, window, case, arm, regions))
                done = results[-1]
                print(f"{number:2} {case.name} {arm}: {done['strokes']} strokes, {done['clicks']} clicks, "
                      f"Dice {done['dice']:.3f} {done['gave_up']}", flush=True)  # fmt: skip
    summary = show(results, ARMS)
    if options.json is not None:
        write_json(options.json, {"settings": vars(Settings(options.patients, options.seed)), **summary})


def corrected(root: Path, window: Browser, case: Case, arm: str, regions: tuple[DeskRegion, ...]) -> dict[str, object]:
    """Correct a case in one way, unless that was done before."""
    place = root / "corrected" / arm / case.name
    record = root / "results" / f"{case.name}_{arm}.json"
    if record.is_file():
        found: dict[str, object] = json.loads(record.read_text(encoding="utf-8"))
        return found
    _fresh(place)
    output = {region: place / f"{region}.nii.gz" for region in case.given.masks}
    desk = Desk("Effort", arm, (replace(case.given, number=1, output=output),), regions, place)
    begun = time.monotonic()
    with serve(desk, desk_assets()) as serving, desk_window(window, serving.address) as opened:
        hand = Hand(BrowserScreen(opened))
        brushing = Brushing(case.known, hand.screen.through, hand.grip)
        gave_up = Rater(case.known, hand, brushing).correct(one_click=arm == "click")
        opened.save()
        refused = opened.notice if not output["lesion"].is_file() else ""
    saved = output["lesion"] if not refused else case.given.masks["lesion"]
    (counted,) = read_table(place / "effort.tsv") if not refused else ({},)
    result = {
        "case": case.name, "plane": case.plane, "arm": arm, "faults": described(case.faults),
        "gave_up": gave_up or refused,
        "dice": dice(case.known.truth, read_mask(saved).data > 0), **hand.tally.as_json(),
        "script_seconds": round(time.monotonic() - begun, 1), "desk_counted": dict(counted),
    }  # fmt: skip
    write_json(record, result)
    return result


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--root", type=Path, required=True, help="folder of every product")
    add("--resume", action="store_true", help="go on in it; what was predicted and corrected is kept")
    add("--cases", type=int, default=20, help="(20)")
    add("--patients", type=int, default=14, help="of each of three sites, of whom cases are taken (14)")
    add("--seed", type=int, default=SEED, help=f"of the patients ({SEED})")
    add("--json", type=Path, help="file for all figures")
    return parser.parse_args(arguments)


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


if __name__ == "__main__":
    main()
