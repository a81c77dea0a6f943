"""Lesions put into real images by `nnunet_ext inject`, and what is found in the same images without them."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from judge.bench import LESION, Bench, read_prediction, run
from judge.bids_scores import bids_images, score_bids
from judge.cord_parts import Figures
from judge.volumes import RealVolume, real_volumes
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.names import strip_ending
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.evaluation.lesions import find_lesions
from nnunet_ext.evaluation.preset import SCISEG2

SUFFIXES = {"T2w": "T2w", "T2star": "T2starw", "T2starw": "T2starw"}  # of the images that the lesion model is for
LARGE_MM3 = 100.0
DRAWS = 5


def injected(bench: Bench) -> Figures | None:
    """Sensitivity, overlap and false lesions; every image is drawn into several times."""
    if not bench.has(LESION) or not real_volumes(bench.real) or not _can_inject():
        return None
    clean = _clean_tree(bench)
    tables, lesions = [], []
    for draw in range(DRAWS):
        tree = bench.root / "injected" / str(draw)
        if not (bench.root / "injected" / f"{draw}.done").exists():
            shutil.rmtree(tree, ignore_errors=True)
            run("inject", clean, "-o", tree, "--seed", bench.seed + draw)
            (bench.root / "injected" / f"{draw}.done").touch()
        images = bids_images(tree)
        scored = score_bids(tree, bench.predict(f"injected-{draw}", LESION, [tree]), images)
        tables.append(scored[0].assign(draw=draw))
        lesions.append(scored[1].assign(draw=draw))
    return _figures(pd.concat(tables), pd.concat(lesions)) | _false(bench, clean)


def _figures(table: pd.DataFrame, lesions: pd.DataFrame) -> Figures:
    theirs = table[(table["region"] == "lesion") & (table["ref_count"] > 0)]
    there = lesions[lesions["side"] == "reference"]
    large = there[there["volume_mm3"] > LARGE_MM3]
    by_image = theirs.groupby("case")[["dsc", "lesion_sensitivity", "lesion_f1"]].mean().astype(float).reset_index()
    return {
        "images": by_image.to_dict("records"),
        "injected_images": len(theirs),
        "lesions": len(there),
        "lesions_above_100_mm3": len(large),
        "sensitivity_above_100_mm3": float(large["matched"].mean()),
        "sensitivity": float(there["matched"].mean()),
        "lesion_dice": float(theirs["dsc"].mean()),
        "lesion_f1": float(theirs["lesion_f1"].mean()),
    }


def _clean_tree(bench: Bench) -> Path:
    """Write the labelled images of the model's contrasts as one BIDS dataset, with their cord masks and no lesion."""
    tree = bench.root / "real-bids"
    write_json(tree / "dataset_description.json", {"Name": "Labelled real images", "BIDSVersion": "1.10.0"})
    for one in real_volumes(bench.real):
        labelled, suffix = one.load(), SUFFIXES.get(_suffix(one))
        if suffix is not None and labelled.scored.all():  # a mask of one block is not the image's
            subject = "sub-crop" if not one.name.startswith("sub-") else one.name.split("_")[0]
            place = Path(subject) / "anat"
            write_image(tree / place / f"{subject}_{suffix}.nii.gz", labelled.image.data, labelled.image.affine)
            mask = tree / "derivatives" / "labels" / place / f"{subject}_{suffix}_label-SC_seg.nii.gz"
            write_mask(mask, labelled.truth, labelled.image.affine)
    return tree


def _suffix(one: RealVolume) -> str:
    return one.name.rsplit("_", 1)[-1] if one.name.startswith("sub-") else "T2w"


def _false(bench: Bench, clean: Path) -> Figures:
    """Count the lesions found in the images as they are: the people in them are healthy."""
    out = bench.predict("without-lesions", LESION, [clean])
    rows = []
    for image in bids_images(clean):
        found = read_prediction(out, strip_ending(image.name)).regions["lesion"]
        lesions = find_lesions(found, read_volume(image).voxel_volume_mm3, SCISEG2.lesion)
        rows.append({"image": strip_ending(image.name), "false_lesions": lesions.count, "voxels": int(found.sum())})
    return {
        "without_injection": rows,
        "false_lesions_per_image": float(np.mean([row["false_lesions"] for row in rows])),
    }


def _can_inject() -> bool:
    return "inject" in run("--help")
