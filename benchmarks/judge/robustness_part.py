"""How the cord's overlap suffers when real images are changed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from judge.bench import CORD, Bench, read_prediction
from judge.changes import CHANGES
from judge.cord_parts import Figures
from judge.cord_score import CordScore, score_cord
from judge.volumes import RealVolume, real_volumes
from nnunet_ext.core.nifti_write import write_image


def robustness(bench: Bench) -> Figures | None:
    """Dice, and below it the share of slices hit, of each volume under each change."""
    volumes = real_volumes(bench.real)
    if not volumes or not bench.has(CORD):
        return None
    out = predict_changed(bench, volumes)
    scores = {one.name: _scores(one, out) for one in volumes}
    return {
        "dice": [{"volume": name, **{key: one.dice for key, one in by.items()}} for name, by in scores.items()],
        "slices_hit_percent": [
            {"volume": name, **{key: one.hit_percent for key, one in by.items()}} for name, by in scores.items()
        ],
        "medians": [
            {"change": change, "median_dice": float(np.median(dice)), "worst_dice": min(dice)}
            for change in CHANGES
            for dice in [[by[change].dice for by in scores.values()]]
        ],
    }


def predict_changed(bench: Bench, volumes: Sequence[RealVolume]) -> Path:
    """Write every volume with every change, and find the cord in all of them."""
    folder = bench.root / "changed"
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for one in volumes:
        named = {change: folder / f"{changed_stem(one, change)}.nii.gz" for change in CHANGES}
        files += named.values()
        missing = {change: file for change, file in named.items() if not file.exists()}
        labelled = one.load() if missing else None
        for change, file in missing.items():
            if labelled is not None:
                image = CHANGES[change](labelled).image
                write_image(file, image.data, image.affine)
    return bench.predict("changed", CORD, files)


def changed_stem(one: RealVolume, change: str) -> str:
    """Name a changed volume."""
    return f"{one.name}_{change.replace(' ', '-')}"


def _scores(one: RealVolume, out: Path) -> dict[str, CordScore]:
    labelled = one.load()
    return {
        change: score_cord(work(labelled), read_prediction(out, changed_stem(one, change)).cord)
        for change, work in CHANGES.items()
    }
