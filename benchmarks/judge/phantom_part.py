"""Phantoms that no training has seen: cord, lesions, and healthy cords."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from judge.bench import CORD, LESION, Bench, read_prediction
from judge.bids_scores import bids_images, score_bids
from judge.cord_parts import Figures
from nnunet_ext.core.names import strip_ending
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.dataset import write_phantom
from nnunet_ext.phantom.lesions import Pathology
from nnunet_ext.phantom.site import SITES, Site

PATIENTS = 4  # of each site
HEALTHY = 50
OF_LESIONS = (Contrast.T2W, Contrast.T2STARW)  # contrasts that the lesion model is for


def phantoms(bench: Bench) -> Figures | None:
    """Cord and lesions of held-out patients, and false lesions of healthy ones."""
    if not bench.has(CORD) and not bench.has(LESION):
        return None
    sick = _write(bench, "phantoms", SITES, PATIENTS, bench.seed)
    figures: Figures = {}
    if bench.has(CORD):
        out = bench.predict("phantoms-cord", CORD, [sick])
        table, _ = score_bids(sick, out, bids_images(sick))
        figures |= _by_site(table[table["region"] == "sc"], {"dsc": "cord_dice"})
    if bench.has(LESION):
        out = bench.predict("phantoms-lesion", LESION, [sick], more=["--suffix", *OF_LESIONS])
        table, _ = score_bids(sick, out, bids_images(sick, OF_LESIONS))
        with_lesion = table[(table["region"] == "lesion") & (table["ref_count"] > 0)]
        named = {"dsc": "lesion_dice", "lesion_f1": "lesion_f1", "lesion_sensitivity": "lesion_sensitivity"}
        figures |= _by_site(with_lesion, named) | _healthy(bench)
    return figures


def _healthy(bench: Bench) -> Figures:
    healthy = [
        replace(site, contrasts=tuple(contrast for contrast in site.contrasts if contrast in OF_LESIONS),
                pathologies=((Pathology.HEALTHY, 1.0),))
        for site in SITES
    ]  # fmt: skip
    folder = _write(bench, "healthy", healthy, -(-HEALTHY // len(healthy)), bench.seed + 1)
    out = bench.predict("healthy", LESION, [folder], more=["--suffix", *OF_LESIONS])
    images = bids_images(folder)
    found = [np.count_nonzero(read_prediction(out, strip_ending(image.name)).regions["lesion"]) for image in images]
    return {
        "healthy_phantoms": len(found),
        "healthy_with_lesion_percent": 100 * float(np.mean([count > 0 for count in found])),
        "most_lesion_voxels_in_a_healthy": int(max(found)),
    }


def _write(bench: Bench, name: str, sites: Iterable[Site], patients: int, seed: int) -> Path:
    return write_phantom(bench.root / name, sites=tuple(sites), patients_per_site=patients, seed=seed)


def _by_site(table: pd.DataFrame, columns: dict[str, str]) -> Figures:
    named = table.rename(columns=columns)
    chosen = list(columns.values())
    sites = named.groupby("site")[chosen].mean().astype(float).reset_index()
    overall = {name: float(named[name].mean()) for name in chosen}
    return {f"{chosen[0]}_by_site": sites.to_dict("records"), **overall}
