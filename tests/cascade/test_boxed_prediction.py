"""The one idea that the cascade rests on, held against nnU-Net itself."""

from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.cascade.box import Box, Margins, apply_box, cord_box
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_image
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume
from tests.cascade.conftest import Planned
from tests.cascade.field import AFFINE, CORD, drawn, image
from tests.nnunet_server import run_nnunet
from tests.tiny_configuration import add_tiny_configuration

LESION_VALUE = 2
MARGINS = Margins(superior=6, inferior=6, left=7, right=9, anterior=8, posterior=10)

# A seeded training of a moment on one thread, without nnU-Net's worker processes: the same network on every run. It has
# learnt next to nothing, and that is best here: its output is a texture that hangs on every voxel of the image.
TRAIN = """
import numpy, random, torch
from nnunetv2.run.run_training import get_trainer_from_args
random.seed(1); numpy.random.seed(1); torch.manual_seed(1)
trainer = get_trainer_from_args("502", "tiny", 0, "nnUNetTrainer_1epoch", device=torch.device("cpu"))
trainer.num_iterations_per_epoch, trainer.num_val_iterations_per_epoch = 3, 1
trainer.run_training()
"""


@dataclass(frozen=True)
class Image:
    """An image to predict, and the box around its cord."""

    volume: Volume
    box: Box

    @property
    def boxed(self) -> Volume:
        return apply_box(self.volume, self.box)

    @property
    def crop(self) -> Volume:
        """The voxels of the box as an image of their own."""
        corner = nib.affines.apply_affine(self.volume.affine, self.box.start)
        affine = nib.affines.from_matvec(self.volume.affine[:3, :3], corner)
        return Volume(self.volume.data[self.box.slices], affine)


def image_of(seed: str, spacing: tuple[float, float, float], axes: str = "LAS") -> Image:
    labels = drawn(CORD)
    affine = AFFINE @ np.diag([*spacing, 1.0])
    volume = reorient(Volume(image(seed, labels), affine), axes)
    box = cord_box(reorient(Volume(labels, affine), axes), MARGINS)
    assert box is not None
    return Image(volume, box)


@pytest.fixture(scope="module")
def images() -> dict[str, Image]:
    """One on the training's grid, one that has to be resampled along all axes, one that lies in another order."""
    return {
        "plain": image_of("one", (1, 1, 1)),
        "resampled": image_of("two", (0.8, 1.3, 0.7)),
        "turned": image_of("three", (1, 1, 1), "PSR"),
    }


@pytest.fixture(scope="module")
def predicted(planned: Planned, images: dict[str, Image], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train, then predict boxed images and crops with one unmodified `nnUNetv2_predict`."""
    add_tiny_configuration(planned.plans)
    folder = tmp_path_factory.mktemp("predict")
    for name, each in images.items():
        for kind, volume in (("boxed", each.boxed), ("crop", each.crop)):
            write_image(folder / "in" / f"{name}-{kind}_0000.nii.gz", volume.data, volume.affine)
    environment = {**planned.environment, "nnUNet_n_proc_DA": "0"}
    model = ["-d", "502", "-c", "tiny", "-f", "0", "-tr", "nnUNetTrainer_1epoch"]
    how = ["-device", "cpu", "-npp", "0", "-nps", "0", "--disable_tta"]
    predict = ["nnUNetv2_predict", "-i", str(folder / "in"), "-o", str(folder / "out"), *model, *how]
    for command in (["-c", TRAIN], predict):
        done = run_nnunet(command, environment)
        assert done.returncode == 0, done.stdout
    return folder / "out"


@pytest.mark.parametrize("name", ["plain", "resampled", "turned"])
def test_a_boxed_image_is_predicted_as_crop_and_paste_would_voxel_by_voxel(
    predicted: Path, images: dict[str, Image], name: str
) -> None:
    each = images[name]
    from_boxed = read_mask(predicted / f"{name}-boxed.nii.gz")
    pasted = np.zeros(each.volume.data.shape, dtype=np.uint8)
    pasted[each.box.slices] = read_mask(predicted / f"{name}-crop.nii.gz").data
    np.testing.assert_array_equal(from_boxed.data, pasted)
    np.testing.assert_allclose(from_boxed.affine, each.volume.affine, atol=1e-5)
    # More than one tile, and a texture: the smallest shift would show.
    assert max(each.box.shape) > 16
    assert 0.05 < np.count_nonzero(pasted == LESION_VALUE) / each.box.voxels < 0.95
