"""A dataset of tissue maps, preprocessed as nnU-Net keeps its cases: what `nnUNetTrainerSynthetic` trains on."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from nnunetv2.preprocessing.preprocessors.default_preprocessor import DefaultPreprocessor
from nnunetv2.training.dataloading.nnunet_dataset import comp_blosc2_params, nnUNetDatasetBlosc2
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.leftovers import sweep
from nnunet_ext.core.workers import Progress, run_all
from nnunet_ext.phantom.tissue_maps import MapKind, draw_tissue_map
from nnunet_ext.phantom.tissues import CORD_TISSUES, LESION_TISSUES, Tissue
from nnunet_ext.trainers.synthetic_plans import CONFIGURATION, PLANS_NAME, synthetic_dataset_json, synthetic_plans
from nnunet_ext.trainers.synthetic_recipe import Recipe, Triple
from nnunet_ext.trainers.transforms.paint_tissues import Painting

_PROPERTIES: Final = ".pkl"  # what nnU-Net writes last of a case


def write_tissue_map_dataset(
    preprocessed: Path, recipe: Recipe, seed: int, n_procs: int = 1, progress: Progress | None = None
) -> Path:
    """Write a dataset's maps, plans and description; what is there already stays.

    Parameters
    ----------
    preprocessed
        nnU-Net's folder of that name.
    recipe, seed
        From which every map follows: map number n is the same however many others are drawn.
    n_procs
        Processes that draw.
    progress
        Told how many of how many maps are there.

    Returns
    -------
    Path
        The dataset's folder.
    """
    folder = preprocessed / recipe.dataset_name
    plans, description = synthetic_plans(recipe, folder.name), synthetic_dataset_json(recipe)
    cases = folder / plans["configurations"][CONFIGURATION]["data_identifier"]
    cases.mkdir(parents=True, exist_ok=True)
    sweep(cases)
    write_json(folder / "dataset.json", description)
    write_json(folder / f"{PLANS_NAME}.json", plans)
    write_json(folder / "dataset_fingerprint.json", {})
    collect = _collected(plans, description)
    piece = Painting.of_plans(plans["configurations"][CONFIGURATION]["painting"]).piece(recipe.patch)
    run_all(_write_case, range(recipe.maps), (cases, recipe, seed, collect, piece), n_procs, progress)
    return folder


def _collected(plans: dict[str, Any], description: dict[str, Any]) -> list[Any]:
    """Say of which labels nnU-Net wants to know the places."""
    manager = PlansManager(plans).get_label_manager(description)
    wanted = list(manager.foreground_regions if manager.has_regions else manager.foreground_labels)
    return [*wanted, [-1, *manager.all_labels]]


def _write_case(number: int, folder: Path, recipe: Recipe, seed: int, collect: list[Any], piece: Triple) -> None:
    case = folder / f"map{number:04d}"
    if case.with_suffix(_PROPERTIES).is_file():
        return
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(recipe.number, number)))
    kind = MapKind(recipe.map_shape, recipe.map_spacing, recipe.pathologies, recipe.cordless)
    tissue = draw_tissue_map(kind, rng)
    labels = np.zeros(256, dtype=np.int16)
    labels[list(CORD_TISSUES)] = 1
    if recipe.target != "cord":
        labels[list(LESION_TISSUES)] = 2
    seg = labels[tissue][None]
    places = DefaultPreprocessor._sample_foreground_locations(seg, collect)
    image = tissue[None].astype(np.float32)
    blocks, chunks = comp_blosc2_params(image.shape, piece)
    properties = {
        "class_locations": places,
        "spacing": list(recipe.map_spacing),
        "shape_before_cropping": tissue.shape,
        "shape_after_cropping_and_before_resampling": tissue.shape,
        "bbox_used_for_cropping": [[0, size] for size in tissue.shape],
        "tissues": sorted(Tissue(int(value)).name for value in np.unique(tissue)),
    }
    for leftover in case.parent.glob(f"{case.name}*.b2nd"):  # blosc2 refuses to write over a file
        leftover.unlink()
    nnUNetDatasetBlosc2.save_case(image, seg, properties, str(case), chunks=chunks, blocks=blocks)
