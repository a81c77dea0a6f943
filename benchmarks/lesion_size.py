"""How near `nnunet_ext biomarkers` comes to the length and the width of ellipsoids of known geometry in a cord.

In cords that run straight, in an arc, and aslant through three grids (1 mm; sagittal slices 3 mm apart; axial slices
4 mm apart) ellipsoids lie along the cord, in the middle or beside it. Their masks hold the voxels that are filled by
half, as a careful rater draws them. Shown is, for the length and the width in the midsagittal plane, bias and root mean
square error in mm of SCT's columns, of counting (every axial slice whole that one of the plane's two sagittal slices
holds lesion in; the width by the rule of bridges), and of the corrected columns.

Then, for cords whose slices were drawn one by one and lie up to a voxel off, it shows how far values move, in per cent,
when the image is padded along the body.
Run: python benchmarks/lesion_size.py [--count 40] [--seed 0]
"""

import argparse
import sys
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from nnunet_ext.core.volume import Volume
from nnunet_ext.evaluation.biomarkers.measure_case import measure_case
from tests.evaluation.biomarkers.ellipsoids import COURSES, GRIDS, RULES, Body, draw_bodies, errors, summary

PADDED: Final = (
    "length_mm",
    "width_mm",
    "max_equivalent_diameter_mm",
    "midsagittal_length_mm",
    "midsagittal_width_mm",
    "dorsal_bridge_mm",
    "ventral_bridge_mm",
    "total_bridge_mm",
    "midsagittal_length_corrected_mm",
    "total_bridge_corrected_mm",
)
PADDING: Final = ((20, 20), (100, 0), (100, 100))
LEAST_MM: Final = 1.0  # changes of a smaller value are not looked at


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=40, help="ellipsoids for each grid and course")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn")
    parser.add_argument("--every", type=int, default=3, help="of these ellipsoids every so many is padded")
    options = parser.parse_args()
    bodies = list(draw_bodies(options.count, options.seed))
    found = np.array([errors(body) for body in bodies])
    print(f"{len(bodies)} ellipsoids, seed {options.seed}; bias / root mean square error in mm")
    print(f"{'':16}{'length: ' + ', '.join(RULES):44}{'width: ' + ', '.join(RULES)}")
    for name in (*GRIDS, *COURSES, "all"):
        chosen = found[[name in (body.grid, body.course, "all") for body in bodies]]
        cells = [f"{bias:+.2f}/{root:.2f}" for bias, root in zip(*summary(chosen), strict=True)]
        print(f"{name:16}{'  '.join(cells[:3]):44}{'  '.join(cells[3:])}")
    moved = np.max([moved_by_padding(body, number) for number, body in enumerate(bodies[:: options.every])], axis=0)
    print("largest change when padded, in per cent")
    for column, most in zip(PADDED, 100 * moved, strict=True):
        print(f"{column:36}{most:.1f}")


def moved_by_padding(body: Body, seed: int) -> list[float]:
    """Give for each column the largest change, relative to its value, over some paddings along the body."""
    rng = np.random.default_rng(seed)
    lesion, cord = (np.pad(mask, 1) for mask in (body.lesion, body.cord))
    for at in range(lesion.shape[2]):
        off = tuple(int(step) for step in rng.integers(-1, 2, 2))
        lesion[:, :, at], cord[:, :, at] = (np.roll(mask[:, :, at], off, (0, 1)) for mask in (lesion, cord))
    affine = np.diag([-body.spacing[0], *body.spacing[1:], 1.0])
    tight = measure_case(Volume(lesion, affine), cord).lesions
    most = [0.0] * len(PADDED)
    for ends in PADDING:
        around = ((0, 0), (0, 0), ends)
        wide = measure_case(Volume(np.pad(lesion, around), affine), np.pad(cord, around)).lesions
        for before, after in zip(tight, wide, strict=True):
            for at, column in enumerate(PADDED):
                value, moved = getattr(before, column), getattr(after, column)
                if value is not None and moved is not None and value >= LEAST_MM:
                    most[at] = max(most[at], abs(moved / value - 1))
    return most


if __name__ == "__main__":
    main()
