"""The files of the default models that the package brings along."""

import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_image
from nnunet_ext.models.default_models import NAMES, default_models, default_place
from nnunet_ext.models.load import load_model
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.dataset import write_phantom
from nnunet_ext.phantom.lesions import Pathology
from nnunet_ext.phantom.site import SITES, Site
from nnunet_ext.trainers.synthetic_recipe import RECIPES
from tests.nnunet_server import run_nnunet

MOST_BYTES = 30 * 2**20
UNSEEN_SEED = 4_000_037  # no training draws from it
STOCK = """
import sys, numpy as np, torch
from pathlib import Path
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
predictor = nnUNetPredictor(device=torch.device("cpu"), use_mirroring=False, allow_tqdm=False)
for model in sys.argv[1:]:
    folds = [fold.name.removeprefix("fold_") for fold in Path(model).glob("fold_*")]
    predictor.initialize_from_trained_model_folder(model, use_folds=folds)
    spacing = predictor.configuration_manager.spacing
    image = np.random.default_rng(0).normal(size=(1, 20, 40, 40)).astype(np.float32)
    print("shape", predictor.predict_single_npy_array(image, {"spacing": spacing}).shape)
"""


@pytest.fixture(autouse=True)
def _those_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("nnUNet_extModels", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def test_all_three_are_there_as_their_cards_say_and_small_enough_for_a_repository() -> None:
    models = default_models({})
    assert [(model.name, model.problem) for model in models] == [(name, "") for name in NAMES]
    assert sum(model.size for model in models) <= MOST_BYTES
    for model in models:
        assert model.card is not None
        assert model.card.figures
        assert "never seen a patient" in model.card.warning


def test_they_are_what_the_recipes_of_this_version_make() -> None:
    """Plans and class names follow from a recipe: a recipe that was changed without a training is found here."""
    for recipe in RECIPES:
        loaded = load_model(default_place({}) / recipe.name)
        configuration = loaded.plans["configurations"]["3d_fullres"]
        assert configuration["patch_size"] == list(recipe.patch)
        assert configuration["spacing"] == list(recipe.spacing)
        assert (loaded.mirroring_axes is not None) == recipe.mirror
        card = default_models({})[NAMES.index(recipe.name)].card
        assert card is not None
        assert card.training["trained on"].startswith(f"{recipe.maps} synthetic bodies")


def test_stock_nnunet_loads_each_and_predicts() -> None:
    done = run_nnunet(["-c", STOCK, *(str(default_place({}) / name) for name in NAMES)], dict(os.environ))
    assert done.stdout.count("shape (20, 40, 40)") == len(NAMES)


def test_predict_without_a_model_finds_the_cord_of_an_unseen_patient(tmp_path: Path) -> None:
    folder = write_phantom(tmp_path / "bids", sites=(_healthy_t2w(),), patients_per_site=1, seed=UNSEEN_SEED)
    image = next(folder.glob("sub-*/anat/*_T2w.nii.gz"))
    assert main(["predict", "-i", str(image), "-o", str(tmp_path / "out"), "--naming", "nnunet"]) == 0
    found = read_mask(next((tmp_path / "out").glob("*.nii.gz"))).data > 0
    [truth_file] = folder.glob("derivatives/labels/sub-*/anat/*_T2w_label-SC_seg.nii.gz")
    truth = read_mask(truth_file).data > 0
    assert 2 * np.count_nonzero(found & truth) / (found.sum() + truth.sum()) > 0.85


def test_an_image_without_a_cord_gets_an_empty_mask(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(100, 20, (48, 64, 64)).astype(np.float32)
    write_image(tmp_path / "noise.nii.gz", noise, np.diag([2.0, 2.0, 3.0, 1.0]))
    asked = ["predict", "-i", str(tmp_path / "noise.nii.gz"), "-o", str(tmp_path / "out"), "--naming", "nnunet"]
    assert main([*asked, "-m", "cord"]) == 0
    assert not read_mask(next((tmp_path / "out").glob("*.nii.gz"))).data.any()


def _healthy_t2w() -> Site:
    with_t2w = [site for site in SITES if Contrast.T2W in site.contrasts]
    site = min(with_t2w, key=lambda site: math.prod(most for _, most in site.matrix))  # the quickest
    return replace(site, contrasts=(Contrast.T2W,), pathologies=((Pathology.HEALTHY, 1.0),))
