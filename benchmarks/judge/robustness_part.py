"""How the cord's overlap suffers when real images are changed."""

import numpy as np

from judge.bench import CORD, Bench, read_prediction
from judge.changes import CHANGES
from judge.cord_parts import Figures
from judge.cord_score import score_cord
from judge.volumes import real_volumes
from nnunet_ext.core.nifti_write import write_image


def robustness(bench: Bench) -> Figures | None:
    """Dice, and below it the share of slices hit, of each volume under each change."""
    volumes = real_volumes(bench.real)
    if not volumes or not bench.has(CORD):
        return None
    folder = bench.root / "changed"
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for one in volumes:
        labelled = one.load()
        for change, work in CHANGES.items():
            files.append(folder / f"{one.name}_{change.replace(' ', '-')}.nii.gz")
            if not files[-1].exists():
                image = work(labelled).image
                write_image(files[-1], image.data, image.affine)
    out = bench.predict("changed", CORD, files)
    dice: list[dict[str, object]] = []
    hits: list[dict[str, object]] = []
    for one in volumes:
        labelled = one.load()
        scores = {
            change: score_cord(work(labelled), read_prediction(out, f"{one.name}_{change.replace(' ', '-')}").cord)
            for change, work in CHANGES.items()
        }
        dice.append({"volume": one.name, **{change: score.dice for change, score in scores.items()}})
        hits.append({"volume": one.name, **{change: score.hit_percent for change, score in scores.items()}})
    medians = {f"median_dice, {change}": float(np.median([row[change] for row in dice])) for change in CHANGES}  # type: ignore[arg-type]
    return {"dice": dice, "slices_hit_percent": hits, **medians}
