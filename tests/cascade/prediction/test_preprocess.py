from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.prediction.nnunet_model import NnunetModel
from nnunet_ext.cascade.prediction.preprocess import preprocess
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.nifti_write import write_image
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume
from tests.cascade.prediction.tiny_model import TinyModel, noise

SHAPE = (60, 50, 40)  # large enough for the order of the sum over all voxels to show in the mean's last digit


@pytest.mark.parametrize(("axes", "transpose"), [("LAS", (0, 1, 2)), ("PIR", (1, 2, 0)), ("SLP", (0, 1, 2))])
@pytest.mark.parametrize("reader", ["NibabelIO", "NibabelIOWithReorient", "SimpleITKIO", "SimpleITKIOWithReorient"])
def test_every_voxel_is_what_stock_makes_of_the_file(
    tmp_path: Path, axes: str, reader: str, transpose: tuple[int, int, int]
) -> None:
    tiny = TinyModel(reader=reader, transpose=transpose, spacing=(1.0, 1.1, 0.9), channels=2)
    model = NnunetModel.of(tiny.in_memory())
    images = [noise(SHAPE, (1.1, 1.0, 0.9), axes, turned=0.2, air=2, seed=seed) for seed in (1, 2)]
    files = [tmp_path / f"image_{channel:04d}.nii.gz" for channel in range(2)]
    for file, image in zip(files, images, strict=True):
        write_image(file, image.data, image.affine)
    stock, _, properties = model.configuration.preprocessor_class(verbose=False).run_case(
        [str(file) for file in files], None, model.plans, model.configuration, model.dataset_json
    )
    for ours, placement in (preprocess(images, model), preprocess([read_volume(file) for file in files], model)):
        assert ours.shape == stock.shape
        assert np.abs(ours.numpy() - stock).max() == 0.0
        box = [[start, stop] for start, stop in zip(placement.nonzero.start, placement.nonzero.stop, strict=True)]
        assert box == properties["bbox_used_for_cropping"]
        assert list(placement.spacing) == [properties["spacing"][axis] for axis in transpose]


def test_an_image_is_turned_as_its_dataset_says() -> None:
    image = noise((20, 22, 18), (1.0, 1.3, 0.8), "LAS")
    model = NnunetModel.of(TinyModel(dataset={"image_axes_nibabel": "LAS"}).in_memory())
    straight, _ = preprocess([image], model)
    for axes in ("RAS", "SPL", "ASR"):
        turned, placement = preprocess([reorient(image, axes)], model)
        np.testing.assert_array_equal(turned, straight)
        assert placement.frame.shape == reorient(image, axes).data.shape


def test_the_readers_turn_wins_over_the_dataset_s() -> None:
    content = {"image_orientation": "LPI"}
    assert NnunetModel.of(TinyModel(dataset=content).in_memory()).axes == "RAS"
    model = TinyModel(dataset={"image_axes_nibabel": "LAS"}, reader="NibabelIOWithReorient")
    assert NnunetModel.of(model.in_memory()).axes == "RAS"
    assert NnunetModel.of(TinyModel(dataset={"image_axes_nibabel": "LAS"}).in_memory()).axes == "LAS"
    assert NnunetModel.of(TinyModel().in_memory()).axes is None


def test_voxel_sizes_are_the_header_s_however_the_image_is_turned(tmp_path: Path) -> None:
    model, generator = NnunetModel.of(TinyModel().in_memory()), np.random.default_rng(1)
    data = np.ones((3, 3, 3), np.float32)
    for number in range(60):
        sizes = generator.choice([0.5, 0.6875, 0.8, 0.9, 1.0, 3.3], 3)
        rotation = nib.eulerangles.euler2mat(*generator.uniform(-0.6, 0.6, 3))
        file = tmp_path / f"{number}.nii"
        write_image(file, data, nib.affines.from_matvec(rotation @ np.diag(sizes)))
        _, read = model.plans.image_reader_writer_class().read_images([str(file)])
        assert list(preprocess([read_volume(file)], model)[1].spacing) == read["spacing"]


def test_a_box_is_found_in_what_was_not_cut() -> None:
    image = noise((20, 22, 18), air=3)
    _, placement = preprocess([image], NnunetModel.of(TinyModel().in_memory()))
    assert placement.nonzero == Box((0, 0, 3), (18, 19, 20))
    box = Box((0, 5, 2), (9, 22, 4))
    found = placement.find(box)
    assert found == Box((2, 5, 0), (4, 19, 6))
    assert placement.find(Box((0, 0, 0), (3, 5, 5))) is None
    placed = placement.place(np.ones(found.shape, np.uint8), found)
    expected = np.zeros(image.data.shape, np.uint8)
    expected[3:9, 5:19, 2:4] = 1
    np.testing.assert_array_equal(placed, expected)


def test_images_are_not_written_to() -> None:
    image = noise((20, 22, 18))
    frozen = image.data.copy()
    frozen.setflags(write=False)
    preprocess([Volume(frozen, image.affine)], NnunetModel.of(TinyModel().in_memory()))
    np.testing.assert_array_equal(frozen, image.data)
