"""Without a box, what we draw is what the unmodified command draws, voxel for voxel."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.cascade.box import Box, apply_box
from nnunet_ext.cascade.prediction.segmentation import SegmenterOptions
from nnunet_ext.cascade.prediction.segmenter import Segmenter
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.orientation import reorient
from nnunet_ext.models.load import load_model
from tests.cascade.prediction.stock import StockCase, mask_of, model_of, predict_with_stock
from tests.cascade.prediction.tiny_model import PLAIN, TinyModel, noise

CASES = {
    "regions-mirrored": StockCase(TinyModel(), (noise((22, 20, 12)),), mirroring=True),
    "plain-labels": StockCase(TinyModel(PLAIN), (noise((22, 20, 12)),)),
    "thick-slices": StockCase(
        TinyModel(PLAIN, spacing=(4.0, 0.8, 0.8), transpose=(1, 0, 2), patch=(4, 16, 16)),
        (noise((26, 12, 30), (0.7, 3.3, 0.9)),),
    ),
    "resampled-folds": StockCase(TinyModel(spacing=(1.3, 0.9, 1.1), folds=3), (noise((22, 20, 12)),)),
    "smaller-than-patch": StockCase(
        TinyModel(patch=(16, 32, 16), spacing=(1.1, 1, 1)), (noise((15, 17, 9)),), mirroring=True
    ),
    "two-channels-masked": StockCase(
        TinyModel(channels=2, configuration={"use_mask_for_norm": [True, True]}),
        (noise((22, 20, 12), air=4), noise((22, 20, 12), air=5, seed=2)),
    ),
    "two-dimensional": StockCase(
        TinyModel(patch=(16, 16), spacing=(0.9, 1.1), mirrored=(0, 1)), (noise((22, 20, 9)),), mirroring=True
    ),
    "one-slice": StockCase(TinyModel(PLAIN, patch=(16, 16), spacing=(1.0, 1.0)), (noise((22, 20, 1)),)),
    "torch-resampling": StockCase(
        TinyModel(
            spacing=(1.3, 0.9, 1.1),
            configuration={
                "resampling_fn_probabilities": "resample_torch_fornnunet",
                "resampling_fn_probabilities_kwargs": {"is_seg": False, "force_separate_z": False},
            },
        ),
        (noise((22, 20, 12)),),
    ),
    "nibabel-turns": StockCase(
        TinyModel(reader="NibabelIOWithReorient", spacing=(1.0, 1.2, 1.0)),
        (noise((22, 20, 12), (1.0, 0.9, 1.5), "PIR", turned=0.2),),
    ),
    "itk": StockCase(TinyModel(reader="SimpleITKIO"), (noise((22, 20, 12), (0.8, 0.9, 1.5), "ASR", turned=0.2),)),
    "itk-turns": StockCase(
        TinyModel(reader="SimpleITKIOWithReorient", spacing=(1.0, 1.2, 1.0)),
        (noise((22, 20, 12), (1.0, 0.9, 1.5), "PSL"),),
    ),
    "turned-by-dataset": StockCase(
        TinyModel(dataset={"image_axes_nibabel": "LAS"}),
        (noise((22, 20, 12), (1.0, 0.9, 1.5), "SPR", turned=0.3),),
        turned_to="LAS",
    ),
    "turned-as-sct-says": StockCase(
        TinyModel(PLAIN, dataset={"image_orientation": "AIL"}), (noise((22, 20, 12), axes="LAS"),), turned_to="PSR"
    ),
    # 25 voxels of 0.5 mm are 12.5 of 1 mm: the last digit of the spacing decides between 12 and 13.
    "half-a-voxel": StockCase(TinyModel(PLAIN), (noise((25, 27, 29), (0.5, 0.5, 0.5), turned=0.4),)),
    "nothing-but-zeros": StockCase(TinyModel(), (replace(noise((12, 12, 9)), data=np.zeros((12, 12, 9), np.float32)),)),
}

IMAGE = noise((30, 26, 18), (0.9, 1.2, 1.0), "PIR", turned=0.2)
BOX = Box((4, 0, 6), (23, 17, 18))
"""It reaches to the image's border at two faces."""
BOXED = StockCase(
    TinyModel(spacing=(1.0, 1.1, 0.9), transpose=(2, 0, 1), channels=2),
    tuple(apply_box(image, BOX) for image in (IMAGE, replace(IMAGE, data=IMAGE.data**2))),
)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stock")
    predict_with_stock({**CASES, "boxed": BOXED}, folder)
    return folder


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", CASES)
def test_masks_are_those_of_the_stock_command(stock: Path, name: str) -> None:
    case = CASES[name]
    model = load_model(model_of(stock / name))
    found = Segmenter(model, SegmenterOptions(mirroring=case.mirroring)).segment(case.images)
    labels = read_mask(mask_of(stock / name))
    axes = case.images[0].axes
    expected = Labelling.of_model(case.model.dataset_json).take(reorient(labels, axes).data)
    assert list(found.masks) == list(expected)
    for region, mask in expected.items():
        np.testing.assert_array_equal(found.masks[region], mask, err_msg=region)
    # A texture: the smallest slip would show.
    assert name == "nothing-but-zeros" or 0.05 < np.mean(list(expected.values())) < 0.95


@pytest.mark.usefixtures("one_thread")
def test_an_image_from_a_file_is_predicted_as_the_one_in_memory(stock: Path) -> None:
    case = CASES["half-a-voxel"]
    segmenter = Segmenter(load_model(model_of(stock / "half-a-voxel")), SegmenterOptions(mirroring=False))
    read = read_volume(stock / "half-a-voxel" / "in" / "case_0000.nii.gz")
    from_file, in_memory = segmenter.segment([read]), segmenter.segment(case.images)
    for region, mask in in_memory.masks.items():
        np.testing.assert_array_equal(from_file.masks[region], mask)


@pytest.mark.usefixtures("one_thread")
def test_a_model_of_boxed_images_sees_what_stock_sees_where_all_else_is_zero(stock: Path) -> None:
    whole = (IMAGE, replace(IMAGE, data=IMAGE.data**2))
    model = load_model(model_of(stock / "boxed"))
    margins = {"superior": 1, "inferior": 1, "left": 1, "right": 1, "anterior": 1, "posterior": 1}
    boxed = replace(model, dataset_json={**model.dataset_json, "crop": {"margins_mm": margins}})
    found = Segmenter(boxed, SegmenterOptions(mirroring=False)).segment(whole, [BOX])
    expected = Labelling.of_model(model.dataset_json).take(read_mask(mask_of(stock / "boxed")).data)
    for region, mask in expected.items():
        assert mask.any()
        np.testing.assert_array_equal(found.masks[region], mask, err_msg=region)
