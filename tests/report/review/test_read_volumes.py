from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.report.review.read_volumes import read_volumes
from nnunet_ext.report.sources.record import CaseRecord, MaskFile


@pytest.mark.parametrize("rim", [0, 1])
def test_a_lesion_apart_from_the_cord_of_a_label_map_is_drawn_as_lesion_alone(tmp_path: Path, rim: int) -> None:
    labels = np.zeros((16, 16, 8), dtype=np.uint8)
    labels[6:10, 6:10] = 1
    labels[7:9, 7:9, 3:5] = 2
    labels[1:3, 1 - rim : 3, 3:5] = 1
    labels[1:3, 1:3, 3:5] = 2
    write_mask(tmp_path / "map.nii.gz", labels, np.diag([4.0, 4.0, 1.0, 1.0]))
    map_of = {name: MaskFile(tmp_path / "map.nii.gz", values) for name, values in (("sc", (1, 2)), ("lesion", (2,)))}
    drawn = read_volumes(CaseRecord("a", reference=map_of, prediction={"sc": map_of["sc"]}))
    assert drawn is not None
    assert np.array_equal(drawn.regions["lesion"]["reference"], labels == 2)
    apart = np.zeros(labels.shape, dtype=np.bool_)
    apart[1:3, 1 - rim : 3, 3:5] = True
    assert np.array_equal(drawn.regions["sc"]["reference"], (labels > 0) & ~apart)
    assert np.array_equal(drawn.regions["sc"]["prediction"], labels > 0)  # without its lesions nobody can tell
