import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.trainers.spine_loader import Drawing, PlacedCases, PlaceLabels, SpineLoader, find_places, spine_loader
from nnunet_ext.trainers.spine_plan import SamplingShares

MakeTrainer = Callable[..., Any]
LABELS = PlaceLabels(lesion=(2,), cord=(1, 2))
SIZE = (60, 60, 60)
PATCH = (16, 16, 16)


class _OneCase:
    """A cord along the first axis, with one lesion of a voxel and one of four thousand."""

    identifiers = ("a", "b")

    def load_case(self, identifier: str) -> tuple[Any, Any, None, dict[str, Any]]:
        seg = np.zeros((1, *SIZE), np.int16)
        seg[0, :, 20:40, 20:40] = 1
        if identifier == "a":
            seg[0, 50, 30, 30] = 2
            seg[0, 5:15, 20:40, 20:40] = 2
        return np.zeros((1, *SIZE), np.float32), seg, None, {"class_locations": {}}


def loader_with(shares: SamplingShares, weights: dict[str, float] | None = None) -> SpineLoader:
    from nnunetv2.training.dataloading.data_loader import nnUNetDataLoader
    from nnunetv2.utilities.label_handling.label_handling import LabelManager

    manager = LabelManager({"background": 0, "sc": [1, 2], "lesion": 2}, [1, 2])
    stock = nnUNetDataLoader(_OneCase(), 2, PATCH, PATCH, manager, 0.33)
    np.random.seed(0)  # noqa: NPY002 - the generator that nnU-Net draws from
    return spine_loader(stock, Drawing(shares, LABELS, weights=weights or {}))


def boxes(loader: SpineLoader, case: str, count: int) -> np.ndarray[Any, Any]:
    data, _, _, properties = loader._data.load_case(case)
    return np.array([loader.get_bbox(data.shape[1:], False, properties["class_locations"])[0] for _ in range(count)])


def test_a_small_lesion_is_shown_as_often_as_a_large_one() -> None:
    drawn = boxes(loader_with(SamplingShares(1, 0, 0)), "a", 400)
    centres = drawn + 8
    small = (np.abs(centres - (50, 30, 30)) <= 8).all(axis=1)
    assert 0.4 < small.mean() < 0.6


def test_shares_are_kept_and_what_a_case_lacks_is_drawn_about_its_cord() -> None:
    loader = loader_with(SamplingShares(0.5, 0.5, 0))
    in_cord = (np.abs(boxes(loader, "a", 200)[:, 1:] + 8 - 30) <= 11).all(axis=1)
    assert in_cord.all()
    healthy = boxes(loader_with(SamplingShares(1, 0, 0)), "b", 200)  # no lesion in it: about the cord, then
    assert (np.abs(healthy[:, 1:] + 8 - 30) <= 11).all()
    anywhere = boxes(loader_with(SamplingShares(0, 0, 1)), "a", 300)
    assert (anywhere.std(axis=0) > 8).all()


@pytest.mark.parametrize("shares", [SamplingShares(1, 0, 0), SamplingShares(0, 1, 0), SamplingShares(0, 0, 1)])
def test_no_patch_runs_off_an_image_that_is_large_enough(shares: SamplingShares) -> None:
    drawn = boxes(loader_with(shares), "a", 300)
    assert drawn.min() >= 0
    assert (drawn.max(axis=0) <= np.array(SIZE) - PATCH).all()


def test_a_patch_may_begin_as_late_as_the_image_has_room_for_it_and_no_later() -> None:
    last = np.array(SIZE) - PATCH
    anywhere = boxes(loader_with(SamplingShares(0, 0, 1)), "a", 1_000)
    assert (anywhere.max(axis=0) == last).all()
    loader = loader_with(SamplingShares(1, 0, 0))
    corner = {"lesions": [np.array([[0, 59, 59, 59]])]}
    assert loader.get_bbox(SIZE, True, corner)[0] == last.tolist()


@given(size=st.integers(1, 40), patch=st.integers(2, 20), margin=st.integers(0, 9), seed=st.integers(0, 9))
def test_the_last_start_is_nnunet_s_for_images_of_any_size(size: int, patch: int, margin: int, seed: int) -> None:
    from nnunetv2.training.dataloading.data_loader import nnUNetDataLoader

    loader = loader_with(SamplingShares(1, 0, 0))
    loader.patch_size = [patch + margin] * 3
    loader.need_to_pad = np.array([margin] * 3)
    np.random.seed(seed)  # noqa: NPY002 - the generator that nnU-Net draws from
    stock = [nnUNetDataLoader.get_bbox(loader, [size] * 3, False, None)[0] for _ in range(300)]
    corner = {"lesions": [np.array([[0, 10_000, 10_000, 10_000]])]}
    assert loader.get_bbox([size] * 3, True, corner)[0] == np.max(stock, axis=(0, 1)).repeat(3).tolist()


def test_a_weight_makes_a_case_as_rare_as_it_says() -> None:
    loader = loader_with(SamplingShares(0, 0, 1), {"b": 0.0})
    assert {name for _ in range(20) for name in loader.get_indices()} == {"a"}


def test_a_batch_has_what_nnunet_wants_and_the_loader_travels_to_workers() -> None:
    loader = pickle.loads(pickle.dumps(loader_with(SamplingShares(0.4, 0.4, 0.2))))  # noqa: S301 - our own
    batch = loader.generate_train_batch()
    assert set(batch) == {"data", "target", "keys"}
    assert tuple(batch["data"].shape) == (2, 1, *PATCH)


def as_before(seg: np.ndarray[Any, Any]) -> tuple[list[Any], Any]:
    """Places as they would be kept without sparing memory: whole numbers of eight bytes."""
    import cc3d

    components, count = cc3d.connected_components(seg == 2, connectivity=26, return_N=True)
    found = [np.argwhere(components == number) for number in range(1, count + 1)] + [np.argwhere(seg > 0)]
    thinned = [voxels[:: -(-len(voxels) // 10_000) or 1] for voxels in found]
    *lesions, cord = [np.pad(voxels, ((0, 0), (1, 0))).astype(np.int64) for voxels in thinned]
    return lesions, cord


@pytest.mark.parametrize(("length", "bytes_each"), [(60, 1), (255, 1), (256, 2), (300, 2), (70_000, 4)])
def test_places_take_as_few_bytes_as_hold_them_and_say_the_same(length: int, bytes_each: int) -> None:
    seg = np.zeros((length, 6, 6), np.int16)
    seg[:, 1:5, 1:5] = 1
    seg[length - 3 :, 2:4, 2:4] = 2
    lesions, cord = find_places(seg, LABELS)
    assert cord.dtype.itemsize == lesions[0].dtype.itemsize == bytes_each
    assert cord.nbytes <= 10_000 * 4 * bytes_each
    wide_lesions, wide_cord = as_before(seg)
    np.testing.assert_array_equal(cord, wide_cord)
    np.testing.assert_array_equal(lesions[0], wide_lesions[0])


@pytest.mark.parametrize("shares", [SamplingShares(1, 0, 0), SamplingShares(0, 1, 0), SamplingShares(0.3, 0.3, 0.4)])
def test_patches_are_drawn_as_from_places_of_eight_bytes(shares: SamplingShares) -> None:
    spared = boxes(loader_with(shares), "a", 100)
    loader = loader_with(shares)
    _, seg, _, _ = _OneCase().load_case("a")
    loader._data._found["a"] = as_before(seg[0])
    np.testing.assert_array_equal(spared, boxes(loader, "a", 100))


def test_what_thousands_of_cases_keep_is_bounded() -> None:
    class Many(_OneCase):
        identifiers = tuple(f"c{number}" for number in range(5_000))  # type: ignore[assignment]

    placed = PlacedCases(Many(), LABELS)
    for case in placed.identifiers[:3]:
        placed.load_case(case)
    kept = [sum(lesion.nbytes for lesion in lesions) + cord.nbytes for lesions, cord in placed._found.values()]
    assert sum(kept) / 3 * 5_000 < 70e6


def test_many_lesions_of_a_case_keep_no_more_places_than_one() -> None:
    seg = np.zeros((80, 40, 40), np.int16)
    seg[::2] = 2
    lesions, _ = find_places(seg, LABELS)
    assert len(lesions) == 40
    assert sum(map(len, lesions)) <= 10_000
    assert min(map(len, lesions)) > 100


def test_places_are_thinned_out_and_carry_nnunet_s_extra_column() -> None:
    seg = np.ones((40, 40, 40), np.int16)
    lesions, cord = find_places(seg, LABELS)
    assert lesions == []
    assert cord.shape[1] == 4
    assert len(cord) <= 10_000
    assert cord.max(axis=0)[1:].tolist() == [39, 39, 39]


def test_what_is_worth_a_patch_follows_from_the_labels() -> None:
    lesions = {"background": 0, "sc": [1, 2], "lesion": 2, "ignore": 3}
    assert PlaceLabels.of_dataset_json({"labels": lesions}) == PlaceLabels((2,), (1, 2, 3))
    tumour = {"background": 0, "whole": [1, 2], "core": 1}
    assert PlaceLabels.of_dataset_json({"labels": tumour}) == PlaceLabels((1, 2), ())


def test_the_trainer_draws_its_patches_with_it(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(seed=3)
    trainer.initialize()
    training, validation = trainer.get_dataloaders()
    try:
        assert isinstance(training.generator, SpineLoader)
        assert not isinstance(validation.generator, SpineLoader)
        assert next(training)["data"].shape[0] == 2
    finally:
        training._finish()
        validation._finish()
