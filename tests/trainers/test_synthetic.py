import json
import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import blosc2
import numpy as np
import pytest

from nnunet_ext.core.environment import nnunet_variables
from nnunet_ext.phantom.tissues import Tissue
from nnunet_ext.trainers.synthetic_plans import PLANS_NAME, synthetic_dataset_json, synthetic_plans
from nnunet_ext.trainers.synthetic_recipe import RECIPES, Recipe
from nnunet_ext.trainers.tissue_map_dataset import write_tissue_map_dataset
from nnunet_ext.trainers.transforms.paint_tissues import Painting, PaintTissues
from tests.nnunet_server import run_nnunet

TRAINER = "nnUNetTrainerSynthetic_1epochs"


def small(recipe: Recipe) -> Recipe:
    return replace(recipe, patch=(16, 32, 32), map_shape=(30, 84, 80), margin=(4, 8, 8), maps=2)


def by_name(name: str) -> Recipe:
    return small(next(recipe for recipe in RECIPES if recipe.name == name))


def maps(root: Path, recipe: Recipe, seed: int = 1) -> Path:
    return write_tissue_map_dataset(root / "preprocessed", recipe, seed)


def cases(folder: Path) -> dict[str, bytes]:
    """Read each file's content; blosc2 never writes the same bytes twice, only the same array."""
    found = {}
    for file in sorted((folder / f"{PLANS_NAME}_3d_fullres").iterdir()):
        array = file.suffix == ".b2nd"
        found[file.name] = np.asarray(blosc2.open(str(file))[:]).tobytes() if array else file.read_bytes()
    return found


@pytest.mark.parametrize("name", ["cord", "cord-lesion"])
def test_stock_nnunet_trains_on_tissue_maps_and_leaves_plans_that_say_what_prediction_must_do(
    name: str, tmp_path: Path
) -> None:
    recipe = by_name(name)
    folder = maps(tmp_path, recipe)
    file = folder / f"{PLANS_NAME}.json"
    plans = json.loads(file.read_text())
    settings = plans["configurations"]["3d_fullres"]["nnunet_ext"]
    settings.update(iterations_per_epoch=2, validation_iterations_per_epoch=1)
    file.write_text(json.dumps(plans))
    environment = {**os.environ, **nnunet_variables(tmp_path, {}), "nnUNet_ext_seed": "1"}
    done = run_nnunet(
        ["nnUNetv2_train", str(recipe.number), "3d_fullres", "all", "-p", PLANS_NAME, "-tr", TRAINER, "-device", "cpu"],
        environment,
    )
    assert done.returncode == 0, done.stdout
    model = tmp_path / "results" / folder.name / f"{TRAINER}__{PLANS_NAME}__3d_fullres"
    assert (model / "fold_all" / "checkpoint_final.pth").is_file()
    predicting = json.loads((model / "plans.json").read_text())["configurations"]["3d_fullres"]
    assert predicting["normalization_schemes"] == ["ZScoreNormalization"]
    assert predicting["spacing"] == list(recipe.spacing)
    assert json.loads((model / "dataset.json").read_text())["channel_names"] == {"0": "MRI"}


def test_a_map_depends_on_seed_and_number_alone_and_what_is_there_stays(tmp_path: Path) -> None:
    two = by_name("cord")
    first, other = cases(maps(tmp_path / "a", two)), cases(maps(tmp_path / "b", two, seed=2))
    assert first.keys() == other.keys()
    assert all(first[name] != other[name] for name in first if name.endswith(".pkl"))
    one = maps(tmp_path / "c", replace(two, maps=1))
    begun = cases(one)
    assert cases(maps(tmp_path / "c", two)) == first
    assert begun == {name: first[name] for name in begun}


def test_a_map_that_a_kill_left_half_written_is_written_again(tmp_path: Path) -> None:
    recipe = replace(by_name("cord"), maps=1)
    folder = maps(tmp_path, recipe)
    whole = cases(folder)
    place = folder / f"{PLANS_NAME}_3d_fullres"
    (place / "map0000.pkl").unlink()
    (place / "map0000_seg.b2nd").write_bytes(b"half of an array")
    assert cases(maps(tmp_path, recipe)) == whole


def test_places_of_the_cord_are_known_and_lie_in_it(tmp_path: Path) -> None:
    recipe = by_name("cord-lesion")
    folder = maps(tmp_path, recipe)
    for content in [value for name, value in cases(folder).items() if name.endswith(".pkl")]:
        properties: dict[str, Any] = pickle.loads(content)  # noqa: S301 - written a moment ago
        assert Tissue.WHITE_MATTER.name in properties["tissues"]
        places = np.asarray(properties["class_locations"][(1, 2)])
        assert len(places)
        assert (places[:, 1:] < np.array(recipe.map_shape)).all()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_piece_of_every_map_gives_room_for_a_patch(recipe: Recipe) -> None:
    painting = Painting.of_plans(synthetic_plans(recipe, "Dataset911_X")["configurations"]["3d_fullres"]["painting"])
    assert all(have >= want for have, want in zip(recipe.map_shape, painting.piece(recipe.patch), strict=True))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_plans_of_every_recipe_build_a_network_and_name_the_target_s_regions(recipe: Recipe) -> None:
    from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

    plans = synthetic_plans(recipe, "Dataset911_X")["configurations"]["3d_fullres"]
    network = get_network_from_plans(
        plans["architecture"]["network_class_name"],
        plans["architecture"]["arch_kwargs"],
        plans["architecture"]["_kw_requires_import"],
        1,
        2,
    )
    weights = sum(parameter.numel() for parameter in network.parameters())
    assert 2 * weights * len(RECIPES) < 30 * 2**20  # bytes in half precision
    labels = synthetic_dataset_json(recipe)["labels"]
    assert labels["ignore"] == max(np.max(values) for values in labels.values())


def test_the_same_seed_paints_the_same_patch_and_labels_stay_in_the_target(tmp_path: Path) -> None:
    import torch

    recipe = by_name("cord-lesion")
    painting = Painting.of_plans(synthetic_plans(recipe, "Dataset913_X")["configurations"]["3d_fullres"]["painting"])
    paint = PaintTissues(painting, recipe.patch, recipe.spacing, (1, 2, 3))
    tissue = torch.full((1, *painting.piece(recipe.patch)), float(Tissue.MUSCLE))
    tissue[:, :, 20:50, 20:50] = float(Tissue.CSF)
    tissue[:, :, 25:45, 25:45] = float(Tissue.WHITE_MATTER)
    tissue[:, 5:15, 28:36, 28:36] = float(Tissue.PLAQUE)
    made = []
    for _ in range(2):
        np.random.seed(3)  # noqa: NPY002 - the workers' generator
        made.append(paint(image=tissue.clone(), segmentation=torch.zeros(1, 1, 1, 1)))
    assert torch.equal(made[0]["image"], made[1]["image"])
    assert made[0]["image"].shape == made[0]["segmentation"].shape == (1, *recipe.patch)
    assert set(made[0]["segmentation"].unique().tolist()) <= {0, 1, 2, 3}
