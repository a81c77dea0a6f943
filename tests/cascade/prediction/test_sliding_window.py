from typing import Any

import numpy as np
import pytest
import torch

from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.prediction.sliding_window import SlidingWindow
from nnunet_ext.core.errors import EnvironmentProblemError
from tests.cascade.prediction.tiny_model import TinyModel

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")


def image(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(3).normal(0, 1, shape).astype(np.float32))


def stock(tiny: TinyModel, network: Any, data: torch.Tensor, step: float = 0.5) -> torch.Tensor:  # noqa: ANN401
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    plans = PlansManager(tiny.plans)
    predictor = nnUNetPredictor(device=CPU, allow_tqdm=False, tile_step_size=step)
    configuration, axes = plans.get_configuration("tiny"), tiny.mirrored
    predictor.manual_initialization(network, plans, configuration, None, tiny.dataset_json, "nnUNetTrainer", axes)
    logits: torch.Tensor = predictor.predict_sliding_window_return_logits(data)
    return logits


@pytest.mark.parametrize("step", [0.5, 0.3, 1.0])
@pytest.mark.parametrize(
    ("tiny", "shape"),
    [
        (TinyModel(), (1, 21, 30, 19)),
        (TinyModel(mirrored=(0, 1, 2), channels=2), (2, 9, 17, 16)),
        (TinyModel(mirrored=None), (1, 3, 40, 11)),  # two axes are shorter than the tile
        (TinyModel(patch=(16, 16), mirrored=(1,)), (1, 7, 20, 30)),
        (TinyModel(patch=(16, 16), mirrored=()), (1, 1, 5, 30)),
    ],
)
def test_every_logit_is_stock_s_with_and_without_a_box(tiny: TinyModel, shape: tuple[int, ...], step: float) -> None:
    network, data = tiny.network(seed=5).eval(), image(*shape)
    window = SlidingWindow(tuple(tiny.patch), 2, step, tiny.mirrored or (), CPU)
    if tiny.mirrored == ():
        tiny = TinyModel(patch=tiny.patch, mirrored=None)  # of no axes at all stock takes the largest, and fails
    with torch.inference_mode():
        expected = stock(tiny, network, data, step)
        found, covered = window.logits(network, data)
        assert covered == Box.whole(shape[1:])
        assert (found - expected).abs().max() == 0.0
        x, y, z = shape[1:]
        box = Box((x // 3, y // 2, 0), (x // 3 + 1, y // 2 + 2, z // 3))
        part, covered = window.logits(network, data, [box])
        inside = tuple(
            slice(start - low, stop - low) for start, stop, low in zip(box.start, box.stop, covered.start, strict=True)
        )
        assert (part[(slice(None), *inside)] - expected[(slice(None), *box.slices)]).abs().max() == 0.0
        assert torch.isfinite(part).all()


def test_only_tiles_that_meet_the_box_are_computed() -> None:
    seen = []

    def network(patch: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(patch.shape))
        return patch.repeat(1, 2, 1, 1, 1)

    window = SlidingWindow((8, 8, 8), 2, 0.5, (), CPU)
    _, covered = window.logits(network, image(1, 32, 32, 32), [Box((0, 0, 0), (2, 9, 2))])
    assert seen == [(1, 1, 8, 8, 8)] * 3
    assert covered == Box((0, 0, 0), (8, 16, 8))


def test_between_two_boxes_no_tile_is_computed_and_all_is_zero() -> None:
    seen = []

    def network(patch: torch.Tensor) -> torch.Tensor:
        seen.append(patch)
        return patch.repeat(1, 2, 1, 1, 1)

    boxes = [Box((0, 0, 0), (2, 2, 2)), Box((30, 30, 30), (32, 32, 32))]
    data = image(1, 32, 32, 32)
    window = SlidingWindow((8, 8, 8), 2, 0.5, (), CPU)
    found, covered = window.logits(network, data, boxes)
    assert len(seen) == 2
    assert covered == Box.whole((32, 32, 32))
    assert not found[:, 8:24].any()
    assert torch.isfinite(found).all()
    whole, _ = window.logits(network, data)
    for box in boxes:
        assert (found[(slice(None), *box.slices)] == whole[(slice(None), *box.slices)]).all()


@pytest.mark.timeout(60)
def test_a_tile_that_finds_no_memory_is_an_error_and_not_a_wait_for_ever() -> None:
    # One number, seen as ten to the fifteenth: the image takes no memory, a copy of a tile takes petabytes. In stock
    # nnU-Net it is made in a thread, which dies, and the main one goes on waiting.
    endless = torch.zeros(1, 1, 1, 1).expand(10**12, 8, 16, 16)
    with pytest.raises(RuntimeError, match="memory"):
        SlidingWindow((8, 16, 16), 2, 0.5, (), CPU).logits(TinyModel().network(seed=0), endless)


@pytest.mark.timeout(60)
def test_a_network_for_other_channels_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="channels"):
        SlidingWindow((8, 16, 16), 2, 0.5, (), CPU).logits(TinyModel(channels=2).network(seed=0), image(1, 8, 16, 16))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_without_memory_for_its_sums_a_gpu_leaves_them_to_the_cpu() -> None:
    tiny, data, calls = TinyModel(), image(1, 21, 30, 19), []
    network = tiny.network(seed=5).eval().cuda()

    def short_of_memory(patch: torch.Tensor) -> torch.Tensor:
        calls.append(patch)
        if len(calls) == 2:
            raise torch.OutOfMemoryError
        result: torch.Tensor = network(patch)
        return result

    window = SlidingWindow((8, 16, 16), 2, 0.5, (0, 1), torch.device("cuda"))
    with torch.inference_mode():
        found, _ = window.logits(short_of_memory, data)
        expected = stock(tiny, network.cpu(), data)
    assert (found - expected).abs().max() < 0.05


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_without_memory_for_a_tile_is_named() -> None:
    def none(_: torch.Tensor) -> torch.Tensor:
        raise torch.OutOfMemoryError

    with pytest.raises(EnvironmentProblemError, match="use: cpu"):
        SlidingWindow((8, 16, 16), 2, 0.5, (), torch.device("cuda")).logits(none, image(1, 8, 16, 16))
