from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.prediction.opinions import Opinions, OpinionSums, PassKind, no_opinions
from nnunet_ext.cascade.prediction.segmentation import Segmentation, SegmenterOptions
from nnunet_ext.cascade.prediction.segmenter import Segmenter
from nnunet_ext.cascade.prediction.sliding_window import SlidingWindow
from nnunet_ext.core.binary_entropy import binary_entropy
from nnunet_ext.core.read_checkpoint import TrainedModel
from nnunet_ext.core.volume import Array
from tests.cascade.prediction.tiny_model import CORD_LESION, PLAIN, TinyModel, noise

pytestmark = pytest.mark.usefixtures("one_thread")

SHAPE = (26, 30, 22)
BOXES = (Box((0, 12, 3), (4, 22, 9)), Box((9, 12, 9), (15, 17, 16)))
PASSES = st.lists(st.lists(st.floats(0, 1, width=32), min_size=5, max_size=5), min_size=1, max_size=18)


def segment(model: TrainedModel, boxes: tuple[Box, ...] = (), *, mirroring: bool = False) -> Segmentation:
    options = SegmenterOptions(mirroring=mirroring, probabilities=True, opinions=True)
    return Segmenter(model, options).segment([noise(SHAPE, (1.0, 1.0, 1.4))], boxes)


def gathered(passes: list[list[float]]) -> Opinions:
    sums = OpinionSums(PassKind.FOLDS, len(passes))
    for one in passes:
        sums.add({"sc": np.array(one, np.float32)})
    return sums.told()["sc"]


@given(passes=PASSES)
def test_sums_that_are_taken_in_one_by_one_are_those_of_all_passes_together(passes: list[list[float]]) -> None:
    found, together = gathered(passes), np.array(passes, np.float32)
    np.testing.assert_allclose(found.mean, together.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.entropy, binary_entropy(together).mean(axis=0), atol=1e-6)
    for number, one in enumerate(together):
        np.testing.assert_array_equal((found.votes >> number) & 1, one > 0.5)


@pytest.mark.parametrize(("count", "kind"), [(2, np.uint8), (8, np.uint8), (9, np.uint16), (17, np.uint32)])
def test_votes_take_a_bit_a_pass(count: int, kind: type[np.generic]) -> None:
    assert no_opinions(PassKind.FOLDS, count, (1, 1, 1)).votes.dtype == kind


@pytest.mark.parametrize("tiny", [TinyModel(folds=3, spacing=(0.9, 1.0, 1.2)), TinyModel(PLAIN, folds=2)])
@pytest.mark.parametrize("boxes", [(), BOXES[:1], BOXES])
def test_folds_are_asked_one_by_one(tmp_path: Path, tiny: TinyModel, boxes: tuple[Box, ...]) -> None:
    model = tiny.load(tmp_path)
    found = segment(model, boxes)
    plain = SegmenterOptions(mirroring=False, probabilities=True)
    each = [
        Segmenter(replace(model, folds=(fold,)), plain).segment([noise(SHAPE, (1.0, 1.0, 1.4))], boxes).probabilities
        for fold in model.folds
    ]
    for name, opinions in found.opinions.items():
        passes = np.array([one[name] for one in each])
        assert str(opinions) == f"folds {tiny.folds}"
        np.testing.assert_allclose(opinions.mean, passes.mean(axis=0), atol=1e-6)
        np.testing.assert_allclose(opinions.entropy, binary_entropy(passes).mean(axis=0), atol=1e-6)
        for number, values in enumerate(passes):
            np.testing.assert_array_equal((opinions.votes >> number) & 1, values > 0.5)
    unasked = Segmenter(model, plain).segment([noise(SHAPE, (1.0, 1.0, 1.4))], boxes)
    assert unasked.opinions == {}
    assert all(np.array_equal(mask, found.masks[name]) for name, mask in unasked.masks.items())


@pytest.mark.parametrize("boxes", [(), BOXES])
def test_a_single_fold_is_asked_by_its_mirror_images(tmp_path: Path, boxes: tuple[Box, ...]) -> None:
    model = TinyModel().load(tmp_path)
    found = segment(model, boxes, mirroring=True)
    plain = Segmenter(model, SegmenterOptions(probabilities=True)).segment([noise(SHAPE, (1.0, 1.0, 1.4))], boxes)
    for name, opinions in found.opinions.items():
        assert str(opinions) == "mirrored 4"
        assert np.any(binary_entropy(opinions.mean) - opinions.entropy > 1e-3)
        # The mean over mirror images of logits, as without opinions, but for 16 bits a pass.
        apart = np.abs(found.probabilities[name] - plain.probabilities[name])
        assert np.quantile(apart, 0.99) < 2e-3
        assert np.mean(found.masks[name] != plain.masks[name]) < 1e-2


@pytest.mark.parametrize("boxes", [(), BOXES])
@pytest.mark.parametrize(
    ("tiny", "told"),
    [(TinyModel(mirrored=None), "shifted 4"), (TinyModel(patch=(16, 16), spacing=(0.8, 1.1)), "shifted 3")],
)
def test_where_nothing_may_be_mirrored_the_image_is_moved(
    tmp_path: Path, tiny: TinyModel, told: str, boxes: tuple[Box, ...]
) -> None:
    found = segment(tiny.load(tmp_path), boxes)
    for opinions in found.opinions.values():
        assert str(opinions) == told
        assert np.any(binary_entropy(opinions.mean) - opinions.entropy > 1e-3)
        assert np.all(binary_entropy(opinions.mean) - opinions.entropy > -1e-5)


def test_where_nothing_is_found_every_pass_is_sure(tmp_path: Path) -> None:
    segmenter = Segmenter(TinyModel(folds=2).load(tmp_path), SegmenterOptions(opinions=True))
    nothing = segmenter.nothing(SHAPE)
    assert list(nothing.opinions) == list(CORD_LESION["labels"])[1:]
    for opinions in nothing.opinions.values():
        assert not any(array.any() for array in (opinions.mean, opinions.entropy, opinions.votes))


def window(mirrored: tuple[int, ...]) -> SlidingWindow:
    return SlidingWindow((8, 8, 8), 1, 0.5, mirrored, torch.device("cpu"))


def skewed(patch: torch.Tensor) -> torch.Tensor:
    """Answer with what depends on the place in the tile."""
    return patch + torch.linspace(0, 1, patch.numel()).reshape(patch.shape)


def test_views_look_at_a_tile_in_all_ways_over_which_the_mean_is_taken() -> None:
    image = torch.from_numpy(noise((8, 8, 8)).data[None].astype(np.float32)) / 100
    middle = (0, slice(1, -1), slice(1, -1), slice(1, -1))  # at a tile's corner 16 bits are too few
    each = [view.logits(skewed, image)[0].float()[middle] for view in window((0, 2)).views()]
    together = window((0, 2)).logits(skewed, image)[0].float()[middle]
    assert len(each) == 4
    assert not torch.equal(each[0], each[1])
    torch.testing.assert_close(torch.stack(each).mean(dim=0), together, atol=1e-2, rtol=0)


@pytest.mark.parametrize("boxes", [[], [Box((2, 3, 9), (6, 10, 14)), Box((1, 3, 11), (3, 5, 17))]])
def test_a_moved_image_is_moved_back(boxes: list[Box]) -> None:
    image = torch.from_numpy(noise((13, 17, 18)).data[None].astype(np.float32)) / 100
    for view in window(()).views():
        found, covered = view.logits(lambda patch: patch.clone(), image, boxes)
        expected = image[(slice(None), *covered.slices)]
        at: Array = np.zeros(covered.shape, dtype=np.bool_)
        inner = Box.of((start + 3, stop - 3) for start, stop in covered.ends)  # at a tile's corner 16 bits are too few
        for box in boxes or [inner]:
            at[box.within(covered).slices] = True
        torch.testing.assert_close(found.float()[:, at], expected[:, at], atol=1e-2, rtol=0)
