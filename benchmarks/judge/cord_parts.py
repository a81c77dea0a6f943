"""Figures of the cord on real volumes: overlap, box, rescans."""

import json
from typing import Any

import numpy as np

from judge.bench import CORD, LOCALIZER, Bench, read_prediction
from judge.cord_score import reserve_mm, score_cord
from judge.volumes import BoolArray, real_volumes, rescans
from nnunet_ext.cascade.box import Margins
from nnunet_ext.cascade.course import SLAB_MM, Course, held_by
from nnunet_ext.cascade.prediction.predict_case import FULL_IMAGE_MARGINS
from nnunet_ext.core.names import strip_ending
from nnunet_ext.core.tube import SMALLEST_CORD_MM3, largest_tube
from nnunet_ext.core.volume import Volume

Figures = dict[str, Any]


def cord(bench: Bench) -> Figures | None:
    """Overlap with the eight masks."""
    volumes = real_volumes(bench.real)
    if not volumes or not bench.has(CORD):
        return None
    out = bench.predict("real", CORD, [one.image for one in volumes])
    rows: list[Figures] = []
    for one in volumes:
        found = read_prediction(out, one.name)
        score = score_cord(one.load(), found.cord)
        rows.append(
            {
                "volume": one.name,
                "dice": score.dice,
                "slices_hit_percent": score.hit_percent,
                "largest_centre_error_mm": score.largest_error_mm,
                "growths": found.growths,
                "seconds": found.seconds,
            }
        )
    dice = [row["dice"] for row in rows]
    return {
        "volumes": rows,
        "median_dice": float(np.median(dice)),
        "worst_dice": min(dice),
        "slices_hit_percent": min(row["slices_hit_percent"] for row in rows),
    }


def box(bench: Bench) -> Figures | None:
    """Whether the box of the localizer holds the true cord, and how well its own mask hits it."""
    volumes = real_volumes(bench.real)
    if not volumes or not bench.has(LOCALIZER):
        return None
    out = bench.predict("localized", LOCALIZER, [one.image for one in volumes], boxed=False)
    rows: list[Figures] = []
    for one in volumes:
        labelled, found = one.load(), read_prediction(out, one.name)
        held = boxed(bench, Volume(largest_tube(Volume(found.cord, labelled.image.affine)), labelled.image.affine))
        score = score_cord(labelled, found.cord)
        lost = labelled.truth & labelled.scored & ~held
        rows.append(
            {
                "volume": one.name,
                "holds_all": not lost.any(),
                "lost_voxels": int(lost.sum()),
                "least_margin_mm": reserve_mm(labelled, held),
                "share_of_image_percent": 100 * float(held.mean()),
                "slices_hit_percent": score.hit_percent,
                "largest_centre_error_mm": score.largest_error_mm,
            }
        )
    return {
        "volumes": rows,
        "boxes_that_hold_all": sum(row["holds_all"] for row in rows),
        "lost_voxels": sum(row["lost_voxels"] for row in rows),
        "of": len(rows),
        "localisation_rate_percent": min(row["slices_hit_percent"] for row in rows),
    }


def boxed(bench: Bench, tube: Volume) -> BoolArray:
    """Mark what `predict` would segment in; nothing where the tube is too small for a cord."""
    margins, slab_mm = FULL_IMAGE_MARGINS, SLAB_MM
    dataset = bench.models / CORD / "dataset.json"
    crop = json.loads(dataset.read_text(encoding="utf-8")).get("crop") if dataset.is_file() else None
    if crop is not None:
        margins = Margins.from_content({f"pad_{face}": mm for face, mm in crop["margins_mm"].items()})
    large = np.count_nonzero(tube.data) * tube.voxel_volume_mm3 >= SMALLEST_CORD_MM3
    course = Course.around(tube, margins, slab_mm if crop is None else None) if large else None
    return held_by(course.boxes if course is not None else (), tube.data.shape)


def scan_rescan(bench: Bench) -> Figures | None:
    """How far the volume of the cord differs between two scans of one session, in the same slices."""
    pairs = list(rescans(bench.real))
    if not pairs or not bench.has(CORD):
        return None
    out = bench.predict("rescans", CORD, [file for first, second in pairs for file in (first.image, second)])
    rows = []
    for first, second in pairs:
        labelled = first.load()
        found = [read_prediction(out, strip_ending(file.name)).cord for file in (first.image, second)]
        volumes = [np.count_nonzero(mask & labelled.scored) * labelled.image.voxel_volume_mm3 for mask in found]
        spread = 100 * float(np.std(volumes, ddof=1) / np.mean(volumes)) if any(volumes) else float("nan")
        rows.append({"session": first.name, "run_1_mm3": volumes[0], "run_2_mm3": volumes[1], "cov_percent": spread})
    return {"sessions": rows, "median_cov_percent": float(np.median([row["cov_percent"] for row in rows]))}
