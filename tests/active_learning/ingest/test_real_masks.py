from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from nnunet_ext.active_learning.ingest.for_training import for_training
from nnunet_ext.active_learning.ingest.ingest import ingest
from nnunet_ext.active_learning.ingest.job import IngestJob, Returned
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.target import load_target

CORD = load_target("cord")


@pytest.mark.real
@pytest.mark.parametrize(
    ("dataset", "image", "mask"),
    [
        ("gm_challenge", "sub-9418/anat/sub-9418_run-1_T2starw.nii.gz", "sub-9418*_seg-manual.nii.gz"),
        ("bids_unf", "sub-unf01/anat/sub-unf01_T2w.nii.gz", "sub-unf01_T2w_seg-manual.nii.gz"),
    ],
)
def test_a_mask_that_a_person_drew_is_taken_in_voxel_by_voxel(
    dataset: str, image: str, mask: str, real_data: Path, tmp_path: Path
) -> None:
    (drawn,) = (real_data / dataset / "derivatives").rglob(mask)
    manual = read_mask(drawn)
    before = ndimage.binary_dilation(manual.data > 0)
    stem = Path(image).name.removesuffix(".nii.gz")
    for folder, data in (("given", before), ("back", manual.data > 0)):
        write_mask(tmp_path / folder / f"{stem}_label-SC_seg.nii.gz", data, manual.affine, manual.forms)
    row = {"case": f"{dataset}_{stem}", "dataset": dataset, "image": image, "rater": "n/a"}
    row["image_sha256"] = sha256(real_data / dataset / image)
    returned = (Returned("", tmp_path / "back"),)
    job = IngestJob(CORD, {dataset: real_data / dataset}, tmp_path / "given", returned, tmp_path / "verified")
    done = ingest([row], job)
    assert done.rows[0]["action"] == "edit", done.rows[0]["reason"]
    changed = int(np.count_nonzero(before != (manual.data > 0)))
    assert done.rows[0]["voxels_changed"] == str(changed)
    (case,) = for_training(done.rows, job.verified)
    path, digest = case.masks["sc"]
    assert digest == sha256(path)
    assert np.array_equal(read_mask(path).data, manual.data > 0)
