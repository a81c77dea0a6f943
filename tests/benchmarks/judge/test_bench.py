import json
from pathlib import Path

import numpy as np
import pytest
from judge.bench import read_prediction

from nnunet_ext.core.nifti_write import write_mask

BOX = {"FirstVoxel": [1, 2, 0], "LastVoxel": [3, 4, 5], "Growths": 1}


@pytest.mark.parametrize(
    ("box", "held"),
    [
        (BOX, 3 * 3 * 6),
        ({**BOX, "Along": [{**BOX, "LastVoxel": [3, 4, 2]}, {**BOX, "FirstVoxel": [2, 2, 3]}]}, 3 * 3 * 3 + 2 * 3 * 3),
        (None, 0),
    ],
)
def test_regions_and_boxes_are_read_from_what_predict_left(
    tmp_path: Path, box: dict[str, object] | None, held: int
) -> None:
    labels = np.zeros((6, 6, 6), np.uint8)
    labels[2:4, 2:4] = 1
    labels[2, 2, 2] = 2
    write_mask(tmp_path / "a.nii.gz", labels, np.eye(4))
    (tmp_path / "a.json").write_text(json.dumps({"Labels": {"sc": [1, 2], "lesion": [2]}, "Box": box}))
    (tmp_path / "predictions.tsv").write_text("case\tseconds\nb\t1.00\na\t2.50\n")
    found = read_prediction(tmp_path, "a")
    assert (int(found.cord.sum()), int(found.regions["lesion"].sum()), found.seconds) == (24, 1, 2.5)
    assert int(found.held.sum()) == held
    assert found.growths == (0 if box is None else 1)
