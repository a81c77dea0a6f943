"""In a box the logits are stock nnU-Net's, to the last bit, though most of them were never computed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.prediction.nnunet_model import NnunetModel
from nnunet_ext.cascade.prediction.preprocess import NetworkAxes, Placement, preprocess
from nnunet_ext.cascade.prediction.resample_back import needed_box, resample_back
from nnunet_ext.cascade.prediction.sliding_window import SlidingWindow
from nnunet_ext.core.read_checkpoint import TrainedModel
from tests.cascade.prediction.test_segmenter import BOXES, MODELS, SHAPE
from tests.cascade.prediction.tiny_model import TinyModel, noise
from tests.strategies import SPACINGS, Triple, boxes, shapes, thorough

CPU = torch.device("cpu")


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", MODELS)
def test_logits_in_a_box_are_those_of_the_stock_predictor(tmp_path: Path, name: str) -> None:
    tiny, spacing, axes = MODELS[name]
    model = tiny.load(tmp_path / "model")
    image = noise(SHAPE, spacing, axes, air=3 if name == "air around" else 0)
    managed = NnunetModel.of(model)
    network = tiny.network(seed=0).eval()
    data, placement = preprocess([image], managed)
    window = SlidingWindow(managed.patch_size, managed.heads, 0.5, (0,), CPU)
    stock = stock_logits(model, network, data, placement)
    fewer = 0
    for box in BOXES:
        at = placement.find(box)
        assert at is not None
        with torch.inference_mode():
            logits, covered = window.logits(network, data, [needed_box(at, placement, managed)])
            found = np.asarray(resample_back(logits, covered, at, placement, managed))
        fewer += int(covered.shape != placement.shape)
        assert np.abs(found - stock[(slice(None), *at.slices)]).max() == 0.0
    assert (fewer == 0) == (name == "by splines")


def stock_logits(model: TrainedModel, network: Any, data: torch.Tensor, placement: Placement) -> Any:  # noqa: ANN401
    """Let nnU-Net's own predictor compute and resample all of it."""
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    plans = PlansManager(dict(model.plans))
    configuration = plans.get_configuration(model.configuration)
    predictor = nnUNetPredictor(device=CPU, allow_tqdm=False)
    weights = [dict(model.folds[0].weights)]
    predictor.manual_initialization(
        network, plans, configuration, weights, dict(model.dataset_json), model.trainer, (0,)
    )
    logits = predictor.predict_logits_from_preprocessed_data(data)
    spacings = placement.resampled_spacing, placement.spacing
    return np.asarray(configuration.resampling_fn_probabilities(logits, placement.nonzero.shape, *spacings))


@thorough(1.5)
@given(
    data=st.data(),
    shape=shapes(24),
    goal=shapes(24),
    spacings=st.tuples(SPACINGS, SPACINGS),
)
def test_any_box_of_any_resampling_is_cut_from_stock_s(
    data: st.DataObject, shape: tuple[int, int, int], goal: tuple[int, int, int], spacings: tuple[Triple, Triple]
) -> None:
    assume(shape != goal)
    model = NnunetModel.of(TinyModel().in_memory())
    frame = NetworkAxes(goal, (0, 1, 2), (False, False, False))
    placement = Placement(frame, Box.whole(goal), *spacings, shape)
    at = data.draw(boxes(goal))
    logits = torch.from_numpy(np.random.default_rng(sum(shape)).normal(0, 3, (2, *shape)).astype(np.float16))
    needed = needed_box(at, placement, model)
    some = logits[(slice(None), *needed.slices)]
    found = np.asarray(resample_back(some, needed, at, placement, model))
    stock = resample_back(logits, Box.whole(shape), Box.whole(goal), placement, model)
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, np.asarray(stock)[(slice(None), *at.slices)])


def test_a_voxel_needs_few_others() -> None:
    model = NnunetModel.of(TinyModel(spacing=(2.0, 1.0, 1.0)).in_memory())
    _, placement = preprocess([noise((40, 40, 40))], model)
    needed = needed_box(Box((20, 20, 20), (21, 21, 21)), placement, model)
    assert placement.shape == (20, 40, 40)
    assert max(needed.shape) <= 4
