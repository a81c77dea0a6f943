from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nnunetv2.imageio.reader_writer_registry import recursive_find_reader_writer_by_name

from nnunet_ext.cascade.prediction.for_ensemble import EnsembleFiles, write_for_ensemble
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.nifti_write import write_mask
from tests.cascade.prediction.tiny_model import CORD_LESION, PLAIN, noise


@pytest.mark.parametrize("reader", ["NibabelIO", "NibabelIOWithReorient", "SimpleITKIO", "SimpleITKIOWithReorient"])
@pytest.mark.parametrize("axes", ["LAS", "PIR"])
@pytest.mark.parametrize("labels", [CORD_LESION, PLAIN])
def test_nnunet_s_ensemble_writes_our_own_masks_in_the_image_s_own_place(
    tmp_path: Path, reader: str, axes: str, labels: dict[str, object]
) -> None:
    from nnunetv2.ensembling.ensemble import merge_files
    from nnunetv2.utilities.label_handling.label_handling import LabelManager

    grid = noise((5, 7, 9), (0.7, 1.0, 2.0), axes)
    regions = Labelling.of_dataset_json(labels)
    draws = np.random.default_rng(3).dirichlet(np.ones(3), grid.data.shape).astype(np.float32)
    probabilities = {name: draws[..., index] for index, name in enumerate(regions.names)}
    if regions.overlap:
        masks = regions.take(regions.draw({name: values > 0.5 for name, values in probabilities.items()}))
    else:
        best = np.argmax(draws, axis=-1)  # the last is the background
        masks = {name: best == index for index, name in enumerate(regions.names)}
    drawn = regions.draw(masks)
    label_map = tmp_path / "ours" / "case.nii.gz"
    write_mask(label_map, drawn, grid.affine)
    files = EnsembleFiles(tmp_path / "ours" / "case.npz", tmp_path / "ours" / "case.pkl")
    write_for_ensemble(files, label_map, probabilities, grid, regions, reader)
    manager = LabelManager(labels["labels"], labels.get("regions_class_order"))
    writer = recursive_find_reader_writer_by_name(reader)()
    merge_files([str(files.probabilities)], str(tmp_path / "mean"), ".nii.gz", writer, manager)
    merged = nib.nifti1.load(tmp_path / "mean.nii.gz")
    np.testing.assert_array_equal(np.asarray(merged.dataobj), drawn)
    np.testing.assert_allclose(merged.affine, grid.affine, atol=1e-4)
