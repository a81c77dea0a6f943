import logging
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nnunet_ext.cascade.box import Box, Margins, apply_box
from nnunet_ext.cascade.course import held_by
from nnunet_ext.cascade.prediction.segmentation import CaseSegmenter, Segmentation, SegmenterOptions
from nnunet_ext.cascade.prediction.segmenter import Segmenter
from nnunet_ext.core.environment import EXTERNAL_TRAINERS
from nnunet_ext.core.errors import (
    DataRefusedError,
    EnvironmentProblemError,
    NnunetExtError,
    UnsafeModelError,
    UsageError,
)
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.read_checkpoint import TrainedModel
from nnunet_ext.core.volume import Volume
from tests.cascade.prediction.tiny_model import CUBIC, PLAIN, TinyModel, noise

pytestmark = pytest.mark.usefixtures("one_thread")

MARGINS = Margins(superior=6, inferior=6, left=7, right=9, anterior=8, posterior=10)
CROP = {"crop": {"source": "Dataset501_Wide", "margins_mm": MARGINS.by_face()}}
TORCH = {
    "resampling_fn_probabilities": "resample_torch_fornnunet",
    "resampling_fn_probabilities_kwargs": {"is_seg": False, "force_separate_z": None},
}
SPLINES = {"resampling_fn_probabilities_kwargs": dict(CUBIC)}

# A model, the spacing and the orientation of the image.
MODELS: dict[str, tuple[TinyModel, tuple[float, float, float], str]] = {
    "as it is": (TinyModel(), (1.0, 1.0, 1.0), "LAS"),
    "turned": (TinyModel(PLAIN, dataset={"image_axes_nibabel": "LAS"}, transpose=(2, 0, 1)), (1.0, 1.0, 1.0), "PIR"),
    "finer": (TinyModel(spacing=(0.8, 0.7, 0.9)), (1.0, 1.0, 1.0), "LAS"),
    "coarser": (TinyModel(PLAIN, spacing=(1.3, 1.7, 2.0), transpose=(1, 2, 0)), (1.0, 1.0, 1.0), "ASR"),
    "thick slices": (TinyModel(spacing=(3.0, 0.8, 0.8), patch=(4, 16, 16)), (1.0, 1.0, 4.0), "LAS"),
    "thinner slices": (TinyModel(PLAIN, spacing=(0.9, 0.9, 4.0), patch=(16, 16, 4)), (1.3, 1.0, 1.0), "LAS"),
    "two axes of three": (TinyModel(spacing=(1.0, 0.7, 1.5)), (1.0, 1.0, 1.0), "LAS"),
    "two-dimensional": (TinyModel(patch=(16, 16), spacing=(0.8, 1.1)), (1.0, 1.0, 1.0), "LAS"),
    "by torch": (TinyModel(spacing=(0.8, 1.2, 0.9), configuration=TORCH), (1.0, 1.0, 1.0), "LAS"),
    "thick slices by torch": (TinyModel(spacing=(3.0, 0.8, 0.8), configuration=TORCH), (1.0, 1.0, 4.0), "LAS"),
    "by splines": (TinyModel(PLAIN, spacing=(0.8, 1.2, 0.9), configuration=SPLINES), (1.0, 1.0, 1.0), "LAS"),
    "air around": (TinyModel(spacing=(0.8, 1.2, 0.9)), (1.0, 1.0, 1.0), "LAS"),
}
SHAPE = (26, 30, 22)
BOXES = (Box((9, 12, 7), (15, 17, 12)), Box((0, 12, 3), (4, 22, 22)))


def segmenter(model: TrainedModel, **options: Any) -> Segmenter:  # noqa: ANN401 - of SegmenterOptions
    return Segmenter(model, SegmenterOptions(**{"mirroring": False, "probabilities": True, **options}))


def inside(found: Mapping[str, Any], box: Box) -> dict[str, Any]:
    """Take the box, and see that there is nothing around it."""
    for name, values in found.items():
        assert np.count_nonzero(values) == np.count_nonzero(values[box.slices]), name
    return {name: values[box.slices] for name, values in found.items()}


def assert_same(one: Mapping[str, Any], other: Mapping[str, Any], within: float = 0.0) -> None:
    assert list(one) == list(other)
    for name, values in one.items():
        np.testing.assert_allclose(values, other[name], atol=within, rtol=0, err_msg=name)


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("name", MODELS)
def test_in_a_box_all_is_as_in_the_whole_image(tmp_path: Path, name: str, box: Box) -> None:
    tiny, spacing, axes = MODELS[name]
    image = noise(SHAPE, spacing, axes, air=3 if name == "air around" else 0)
    ours = segmenter(tiny.load(tmp_path))
    whole, boxed = ours.segment([image]), ours.segment([image], [box])
    # That the logits are the same to the last bit stands in test_resample_back; torch's sigmoid is not that exact.
    expected = {name: values[box.slices] for name, values in whole.probabilities.items()}
    assert_same(inside(boxed.probabilities, box), expected, within=1e-6)
    assert_same(inside(boxed.masks, box), {name: mask[box.slices] for name, mask in whole.masks.items()})


@pytest.mark.parametrize("name", MODELS)
def test_in_boxes_along_the_cord_all_is_as_in_the_whole_image_and_between_them_there_is_nothing(
    tmp_path: Path, name: str
) -> None:
    tiny, spacing, axes = MODELS[name]
    image = noise(SHAPE, spacing, axes, air=3 if name == "air around" else 0)
    boxes = (Box((0, 16, 0), (7, 22, 5)), Box((3, 12, 5), (11, 18, 13)), Box((16, 2, 13), (22, 7, 22)))
    ours, held = segmenter(tiny.load(tmp_path)), held_by(boxes, image.data.shape)
    whole, along = ours.segment([image]), ours.segment([image], boxes)
    assert_same(along.masks, {region: mask & held for region, mask in whole.masks.items()})
    expected = {region: values * held for region, values in whole.probabilities.items()}
    assert_same(along.probabilities, expected, within=1e-6)
    assert all(mask.any() for mask in along.masks.values())


def test_a_model_of_boxed_images_takes_one_box(tmp_path: Path) -> None:
    ours = segmenter(TinyModel(dataset=CROP).load(tmp_path))
    with pytest.raises(UsageError, match="one was needed, found 2"):
        ours.segment([noise(SHAPE)], BOXES)


@pytest.mark.parametrize("name", ["as it is", "turned", "finer", "thick slices", "two-dimensional", "air around"])
@pytest.mark.parametrize("box", BOXES)
def test_a_model_of_boxed_images_sees_zeros_around_the_box(tmp_path: Path, name: str, box: Box) -> None:
    tiny, spacing, axes = MODELS[name]
    image = noise(SHAPE, spacing, axes, air=3 if name == "air around" else 0)
    model = tiny.load(tmp_path)
    of_boxed = segmenter(replace(model, dataset_json={**model.dataset_json, **CROP}))
    zeroed = segmenter(model).segment([apply_box(image, box)])
    found = of_boxed.segment([image], [box])
    assert_same(found.probabilities, zeroed.probabilities)
    assert_same(found.masks, zeroed.masks)
    assert all(mask.any() for mask in inside(found.masks, box).values())
    assert of_boxed.crop_margins == MARGINS


def test_a_box_of_air_is_what_stock_makes_of_an_image_without_anything(tmp_path: Path) -> None:
    model, box = TinyModel(dataset=CROP).load(tmp_path), Box((0, 3, 2), (3, 20, 20))
    image = noise(SHAPE, air=3)
    found = segmenter(model).segment([image], [box])
    empty = replace(image, data=np.zeros_like(image.data))
    whole = segmenter(model).segment([empty])
    assert_same(inside(found.masks, box), {name: mask[box.slices] for name, mask in whole.masks.items()})


def test_a_box_in_the_air_around_a_whole_image_holds_nothing(tmp_path: Path) -> None:
    image = noise(SHAPE, air=4)
    ours = segmenter(TinyModel(folds=2).load(tmp_path), disagreement=True)
    found = ours.segment([image], [Box((1, 1, 1), (3, 30, 20))])
    for values in (found.masks, found.probabilities, found.disagreement):
        assert list(values) == ["sc", "lesion"]
        assert not any(one.any() or one.shape != SHAPE for one in values.values())


@pytest.mark.parametrize("axes", ["RAS", "SAR", "IPL", "ALS"])
def test_however_an_image_lies_the_same_voxels_are_segmented(tmp_path: Path, axes: str) -> None:
    image, box = noise((22, 26, 18), (1.0, 1.0, 1.4), turned=0.3), np.zeros((22, 26, 18), np.uint8)
    box[4:15, 9:20, 3:12] = 1
    ours = segmenter(TinyModel(dataset={"image_axes_nibabel": "LAS"}).load(tmp_path))
    turned, turned_box = (reorient(replace(image, data=data), axes) for data in (image.data, box))
    place, turned_place = Box.around(box), Box.around(turned_box.data)
    assert place is not None
    assert turned_place is not None
    for here, there in (([], []), ([place], [turned_place])):
        straight, found = ours.segment([image], here), ours.segment([turned], there)
        for name, mask in found.masks.items():
            assert mask.shape == turned.data.shape
            back = reorient(Volume(mask, turned.affine), "LAS")
            np.testing.assert_array_equal(back.data, straight.masks[name])


def test_probabilities_of_plain_labels_are_the_softmax_s(tmp_path: Path) -> None:
    found = segmenter(TinyModel(PLAIN).load(tmp_path)).segment([noise((20, 20, 12))])
    cord, canal = found.probabilities["cord"], found.probabilities["canal"]
    assert cord.dtype == canal.dtype == np.float32
    rest = 1 - cord - canal
    assert rest.min() > -1e-6
    clear = np.abs(canal - np.maximum(cord, rest)) > 1e-3  # nnU-Net decides by logits in 16 bits
    np.testing.assert_array_equal(found.masks["canal"][clear], ((canal > cord) & (canal > rest))[clear])
    assert 0.1 < np.mean(found.masks["canal"][clear]) < 0.9


def test_masks_are_the_regions_of_one_label_map(tmp_path: Path) -> None:
    found = segmenter(TinyModel().load(tmp_path)).segment([noise((20, 20, 12))])
    lesion, cord = (found.probabilities[name] > 0.5 for name in ("lesion", "sc"))
    assert (lesion & ~cord).any()
    np.testing.assert_array_equal(found.masks["lesion"], lesion)
    np.testing.assert_array_equal(found.masks["sc"], lesion | cord)  # what is lesion is cord, as stock draws it


def test_disagreement_is_the_standard_deviation_over_folds(tmp_path: Path) -> None:
    model, image, box = TinyModel(folds=3, spacing=(0.9, 1.0, 1.2)).load(tmp_path), noise(SHAPE), BOXES[0]
    told = segmenter(model, disagreement=True).segment([image], [box])
    each = [segmenter(replace(model, folds=(fold,))).segment([image], [box]).probabilities for fold in model.folds]
    for name, found in told.disagreement.items():
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, np.std([one[name] for one in each], axis=0), atol=1e-6)
        assert found[box.slices].max() > 0.01
    assert_same(told.masks, segmenter(model).segment([image], [box]).masks)


def test_what_was_not_asked_for_is_not_told(tmp_path: Path) -> None:
    model = TinyModel(folds=2).load(tmp_path)
    found = segmenter(model, probabilities=False).segment([noise((12, 12, 9))])
    assert (found.probabilities, found.disagreement) == ({}, {})
    one_fold = segmenter(replace(model, folds=model.folds[:1]), disagreement=True).segment([noise((12, 12, 9))])
    assert one_fold.disagreement == {}


def test_a_segmenter_serves_one_case_after_another(tmp_path: Path) -> None:
    images = [noise((20, 22, 14), seed=1), noise((16, 30, 9), (1.2, 0.8, 1.0), seed=2)]
    model = TinyModel(folds=2).load(tmp_path)
    ours = segmenter(model)
    kept = [image.data.copy() for image in images]
    together = [ours.segment([image]) for image in (*images, *images)]
    for found, image in zip(together, [*images, *images], strict=True):
        assert_same(found.probabilities, segmenter(model).segment([image]).probabilities)
    for image, before in zip(images, kept, strict=True):
        np.testing.assert_array_equal(image.data, before)


def test_it_is_what_the_cascade_asks_for(tmp_path: Path) -> None:
    model = TinyModel(PLAIN).load(tmp_path / "model")
    ours: CaseSegmenter = segmenter(model)
    assert (ours.name, ours.regions, ours.crop_margins) == (model.name, ("cord", "canal"), None)
    found = ours.segment([noise((12, 12, 9))])
    assert isinstance(found, Segmentation)
    assert tuple(found.masks) == Labelling.of_model(model.dataset_json).names


def test_integers_are_images_too(tmp_path: Path) -> None:
    ours, image = segmenter(TinyModel(channels=2).load(tmp_path)), noise((20, 22, 14))
    whole = replace(image, data=image.data.astype(np.int16))
    as_float = replace(whole, data=whole.data.astype(np.float32))
    assert_same(ours.segment([whole, image]).probabilities, ours.segment([as_float, image]).probabilities)


def test_nothing_is_printed_or_left_changed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(EXTERNAL_TRAINERS, str(tmp_path / "others"))
    path = list(sys.path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = TinyModel(trainer="nnUNetTrainerSCI").load(tmp_path / "model")
        ours = segmenter(model)
        ours.segment([noise((12, 12, 9))])
    assert capfd.readouterr() == ("", "")
    assert os.environ[EXTERNAL_TRAINERS] == str(tmp_path / "others")
    assert sys.path == path
    assert torch.get_num_threads() == 1
    assert not torch.is_inference_mode_enabled()


def test_what_nnunet_says_is_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "nnunet_ext")
    segmenter(TinyModel(trainer="nnUNetTrainerSCI").load(tmp_path))
    assert "nnUNetTrainerSCI" in caplog.text


def test_the_caller_s_number_of_threads_is_kept_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("nnUNet_def_n_proc", "1")
    ours, seen = segmenter(TinyModel().load(tmp_path)), []
    ours._networks[0].register_forward_hook(lambda *_: seen.append(torch.get_num_threads()))
    torch.set_num_threads(3)
    ours.segment([noise((8, 8, 6))])
    assert set(seen) == {3}
    assert torch.get_num_threads() == 3


def test_threads_are_given_back_after_an_error(tmp_path: Path) -> None:
    def fails(*_: object) -> None:
        torch.set_num_threads(2)
        raise ArithmeticError

    ours = segmenter(TinyModel().load(tmp_path))
    ours._networks[0].register_forward_hook(fails)
    with pytest.raises(ArithmeticError):
        ours.segment([noise((8, 8, 6))])
    assert torch.get_num_threads() == 1


def test_an_output_that_is_no_number_is_refused(tmp_path: Path) -> None:
    model = TinyModel().load(tmp_path)
    weights = {name: value * np.nan for name, value in model.folds[0].weights.items()}
    broken = replace(model, folds=(replace(model.folds[0], weights=weights),))
    with pytest.raises(DataRefusedError, match="no finite number for this image"):
        segmenter(broken).segment([noise((8, 8, 6))])


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ([(8, 8, 6)], "2 images were needed for a case .MRI0, MRI1., found 1"),
        ([(8, 8, 6), (8, 8, 7)], "on one grid"),
        ([(8, 8, 0), (8, 8, 0)], "three dimensions"),
    ],
)
def test_other_images_are_refused(tmp_path: Path, shapes: Sequence[tuple[int, int, int]], said: str) -> None:
    ours = segmenter(TinyModel(channels=2).load(tmp_path))
    with pytest.raises(DataRefusedError, match=said):
        ours.segment([Volume(np.zeros(shape, np.float32), np.eye(4)) for shape in shapes])


@pytest.mark.parametrize(
    ("tiny", "error", "said"),
    [
        (TinyModel(dataset={"crop": {}}), UnsafeModelError, "margins_mm"),
        (TinyModel(dataset={"crop": {"margins_mm": {"left": 3}}}), UnsafeModelError, "pad_right"),
        (TinyModel(patch=(16, 16), spacing=(1, 1), mirrored=(0, 2)), UnsafeModelError, "mirror axes"),
        (TinyModel(reader="Tiff3DIO"), UsageError, "nnUNetv2_predict"),
        (TinyModel(configuration={"previous_stage": "low"}), UsageError, "prev_stage_predictions"),
        (TinyModel(dataset={"image_axes_nibabel": "LLS"}), UnsafeModelError, "LLS"),
        (TinyModel(trainer="nnUNetTrainerNobodyHas"), EnvironmentProblemError, "nnUNetTrainerNobodyHas"),
    ],
)
def test_a_model_that_cannot_be_run_is_refused_before_any_image(
    tmp_path: Path, tiny: TinyModel, error: type[NnunetExtError], said: str
) -> None:
    with pytest.raises(error, match=said):
        Segmenter(tiny.load(tmp_path), SegmenterOptions())


@pytest.mark.parametrize("step", [0, -0.5, 1.1, float("nan")])
def test_a_step_that_leaves_gaps_is_refused(tmp_path: Path, step: float) -> None:
    with pytest.raises(UsageError, match="step"):
        segmenter(TinyModel().load(tmp_path), step=step)


@pytest.mark.parametrize("box", [Box((0, 0, 0), (8, 9, 6)), Box((-1, 0, 0), (8, 8, 6)), Box((3, 0, 0), (3, 8, 6))])
def test_a_box_out_of_the_image_is_refused(tmp_path: Path, box: Box) -> None:
    with pytest.raises(UsageError, match="a box in an image of"):
        segmenter(TinyModel().load(tmp_path)).segment([noise((8, 8, 6))], [box])
