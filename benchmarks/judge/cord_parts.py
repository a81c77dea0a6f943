"""Figures of the cord on real volumes: overlap, box, rescans."""

from typing import Any

import numpy as np

from judge.bench import CORD, LOCALIZER, Bench, read_prediction
from judge.cord_score import reserve_mm, score_cord
from judge.volumes import real_volumes, rescans
from nnunet_ext.core.names import strip_ending

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
    """Whether the boxes that `predict` segments in hold the true cord, and how well the localizer's own mask hits it.

    A box is the localizer's with the model's margins; where it grew since, `growths` says so.
    """
    volumes = real_volumes(bench.real)
    if not volumes or not bench.has(LOCALIZER, CORD):
        return None
    images = [one.image for one in volumes]
    out, rough = bench.predict("real", CORD, images), bench.predict("localized", LOCALIZER, images, boxed=False)
    rows: list[Figures] = []
    for one in volumes:
        labelled, found = one.load(), read_prediction(out, one.name)
        score = score_cord(labelled, read_prediction(rough, one.name).cord)
        lost = int(np.count_nonzero(labelled.truth & labelled.scored & ~found.held))
        rows.append(
            {
                "volume": one.name,
                "holds_all": lost == 0,
                "lost_voxels": lost,
                "least_margin_mm": reserve_mm(labelled, found.held),
                "growths": found.growths,
                "share_of_image_percent": 100 * float(found.held.mean()),
                "slices_hit_percent": score.hit_percent,
                "largest_centre_error_mm": score.largest_error_mm,
            }
        )
    return {
        "volumes": rows,
        "boxes_that_hold_all": sum(row["holds_all"] for row in rows),
        "of": len(rows),
        "lost_voxels": sum(row["lost_voxels"] for row in rows),
        "localisation_rate_percent": min(row["slices_hit_percent"] for row in rows),
    }


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
