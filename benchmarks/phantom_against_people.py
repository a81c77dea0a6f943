"""Hold the phantom's anatomy against people's masks: cord, canal and grey matter, measured on what is painted.

Phantoms are drawn healthy and painted on the grid of the masks, then measured by the same code
(`tests/phantom/sections.py`). Shown are the 5th, 50th and 95th percentile over people and over phantoms. A row is
marked `MEDIAN` where the phantom's median lies beyond the people's 5th to 95th percentile, and `SPREAD` where the
phantom's standard deviation is less than half or more than twice the people's. Of a template and of single people there
is no spread: their rows are marked `BEYOND` where they lie outside the phantom's 5th to 95th percentile.

Areas in mm2, diameters in mm, angles in degrees; `place` is the cord's middle in the canal as a share of the free room,
positive to the front and to the right. What the data folder lacks is left out.
Run: python benchmarks/phantom_against_people.py [--count 200] [--data ../shared/data]
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from nnunet_ext.phantom.spine import Spine
from tests.phantom.sections import (
    Measures,
    healthy_spine,
    level_section,
    medians,
    neck_stack,
    read_right_front_up,
    read_stack,
    section_measures,
    stack_measures,
    whole,
)

NAMES: Final = (*(f"C{n}" for n in range(1, 8)), *(f"T{n}" for n in range(1, 13)), "L1")
NECK: Final = (1.5, 2.5, 3.5, 4.5)
CENTRES: Final = (2.9, 3.6)  # levels that the people's stacks seem to be centred on: their upper end opens towards C1
OF_TEMPLATE: Final = (
    "cord_area",
    "cord_width",
    "cord_depth",
    "canal_area",
    "canal_width",
    "canal_depth",
    "place_front",
    "grey_share",
)

Array = npt.NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="phantoms drawn")
    parser.add_argument("--seed", type=int, default=0, help="of the first phantom")
    data = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=data, help="folder that holds anatomy/ and real/")
    options = parser.parse_args()
    spines = [healthy_spine(options.seed + number) for number in range(options.count)]
    print(f"{len(spines)} phantoms from seed {options.seed}; 5th / 50th / 95th percentile")
    against_people(options.data / "anatomy" / "spine_generic_masks", spines)
    levels = [[level_section(spine, level + 0.5) for level in range(len(NAMES))] for spine in spines]
    against_template(options.data / "anatomy" / "pam50", levels)
    against_single(options.data / "real", levels)


def against_people(folder: Path, spines: Sequence[Spine]) -> None:
    """Ten necks, cord and fluid; their levels are not known, so thirds of the stack are compared."""
    people = [stack_measures(*read_stack(path)) for path in sorted(folder.glob("*T2w_seg-manual.nii.gz"))]
    if not people:
        print(f"\nno masks of people in {folder}: left out")
        return
    print(f"\n{len(people)} people, necks of 80 mm, by thirds (upper about C2, middle C3, lower C4 to C5)")
    print(f"{'':24}{'people':>26}{'phantom':>26}{'SD of both':>16}")
    rng = np.random.default_rng(0)
    phantoms = [stack_measures(*neck_stack(spine, rng.uniform(*CENTRES)), 0.5, 5.0) for spine in spines]
    for part in ("upper", "middle", "lower", "whole"):
        for name in people[0][part]:
            real, drawn = (np.array([one[part][name] for one in side]) for side in (people, phantoms))
            low, high = np.percentile(real, [5, 95])
            ratio = drawn.std() / real.std()
            marks = "MEDIAN " * (not low <= np.median(drawn) <= high) + "SPREAD" * (not 0.5 <= ratio <= 2)
            spreads = f"{real.std():8.2f}{drawn.std():8.2f}"
            print(f"{part + ' ' + name:24}{_three(real):>26}{_three(drawn):>26}{spreads}  {marks}")


def against_template(folder: Path, levels: Sequence[Sequence[Measures | None]]) -> None:
    """PAM50 by vertebral level: the middle half of each."""
    files = {name: folder / f"PAM50_{name}.nii.gz" for name in ("cord", "csf", "gm", "levels")}
    if not all(path.is_file() for path in files.values()):
        print(f"\nno template in {folder}: left out")
        return
    cord, csf, grey, numbers = (read_right_front_up(path)[0] for path in files.values())
    print("\nPAM50, one template of many people, by level: template, phantom")
    for place, name in enumerate(NAMES):
        slices = np.flatnonzero((numbers == place + 1).any(axis=(0, 1)))
        quarter = slices.size // 4
        sections = [
            section_measures(cord[:, :, z] > 0, whole((cord + csf)[:, :, z] > 0), grey[:, :, z], 0.5)
            for z in slices[quarter : slices.size - quarter : 4]
            if (cord[:, :, z] > 0).sum() > 12
        ]
        drawn = [levels_of[place] for levels_of in levels]
        if sections:
            _compare(name, medians([one for one in sections if "grey_share" in one] or sections), drawn, OF_TEMPLATE)


def against_single(folder: Path, levels: Sequence[Sequence[Measures | None]]) -> None:
    """Manual masks of cord, and of grey matter where there is one, against the phantom's C2 to C5."""
    print("\nsingle people, median of all slices: value, phantom's C2 to C5")
    drawn = [levels_of[int(level)] for levels_of in levels for level in NECK]
    found = False
    for title, path, grey_path in _singles(folder):
        if not path.is_file():
            continue
        found = True
        values, spacing = read_right_front_up(path)
        cord, mm = values > 0, spacing[0]
        grey = read_right_front_up(grey_path)[0] if grey_path and grey_path.is_file() else None
        filled = [z for z in range(cord.shape[2]) if cord[:, :, z].sum() * mm * mm > 30]
        sections = [section_measures(cord[:, :, z], None, None if grey is None else grey[:, :, z], mm) for z in filled]
        names = tuple(sections[0])
        _compare(title, medians(sections), drawn, names if mm < 0.9 else names[:3])  # too few pixels for a shape
    if not found:
        print(f"no masks in {folder}: left out")


def _singles(folder: Path) -> Iterator[tuple[str, Path, Path | None]]:
    yield "t2_crop", folder / "t2_crop" / "t2_seg-manual.nii.gz", None
    labels = "derivatives/labels"
    yield "unf01", folder / "bids_unf" / labels / "sub-unf01/anat/sub-unf01_T2w_seg-manual.nii.gz", None
    for subject in ("9418", "9709Ses1", "9709Ses2"):
        stem = folder / "gm_challenge" / labels / f"sub-{subject}" / "anat" / f"sub-{subject}_run-1_T2starw"
        yield subject, Path(f"{stem}_seg-manual.nii.gz"), Path(f"{stem}_gmseg-manual.nii.gz")


def _compare(title: str, real: Mapping[str, float], drawn: Sequence[Measures | None], names: Sequence[str]) -> None:
    for name in names:
        values = np.array([one[name] for one in drawn if one is not None and name in one])
        if name not in real or not values.size:
            continue
        low, high = np.percentile(values, [5, 95])
        mark = "" if low <= real[name] <= high else "BEYOND"
        print(f"{title + ' ' + name:24}{real[name]:10.2f}{_three(values):>26}  {mark}")


def _three(values: Array) -> str:
    return " / ".join(f"{value:.2f}" for value in np.percentile(values, [5, 50, 95]))


if __name__ == "__main__":
    main()
