from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.core.nifti_read import read_mask, read_volume
from tests.cli.correct.desk_process import desk_process


@pytest.mark.real
@pytest.mark.parametrize(
    ("dataset", "case", "cases"), [("gm_challenge", "sub-9418_run-1_T2starw", 6), ("t2_crop", "t2", 1)]
)
def test_a_real_mask_is_corrected_voxel_by_voxel_on_its_image_s_own_grid(
    dataset: str, case: str, cases: int, real_data: Path, tmp_path: Path, tree_hash: Callable[[Path], str]
) -> None:
    folder = real_data / dataset
    before = tree_hash(folder)
    with desk_process("correct", folder, "-o", tmp_path / "out", "--no-browser") as desk:
        queue = desk.tab.get("queue").json["cases"]
        assert len(queue) == cases  # with the rescans that nobody has drawn in
        number = next(one["id"] for one in queue if one["name"] == case)
        masks = desk.open(number)
        masks["sc"][np.unravel_index(masks["sc"].argmax(), masks["sc"].shape)] = False
        assert desk.tab.save(masks, "edit", number).json["action"] == "edit"
        assert desk.interrupt()[0] == 0
    (mask,) = (tmp_path / "out").rglob(f"{case}_seg-manual.nii.gz")
    (image,) = folder.glob(f"**/{case}.nii.gz")
    saved = read_mask(mask)
    assert saved.forms == read_volume(image).forms
    assert np.array_equal(saved.data > 0, masks["sc"])
    assert tree_hash(folder) == before
