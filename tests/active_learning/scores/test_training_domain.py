from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.active_learning.scores.domain_distance import domain_distance
from nnunet_ext.active_learning.scores.fingerprint import fingerprint
from nnunet_ext.active_learning.scores.training_domain import training_domain
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.nifti_read import read_volume
from tests.cascade.field import CORD, Field, drawn


@pytest.mark.parametrize("channels", [1, 2])
def test_it_is_that_of_the_training_cases_and_not_of_the_test_cases(tmp_path: Path, channels: int) -> None:
    dataset = Field(tmp_path).write(["a", "b", "c"], ["t"], channels=channels)
    prints = [
        fingerprint([read_volume(dataset.image(case, "train", at)) for at in range(channels)], drawn(CORD) > 0)
        for case in "abc"
    ]
    domain = training_domain(dataset)
    np.testing.assert_array_equal(domain.middle, np.median(prints, axis=0))
    assert max(domain_distance(one, domain) for one in prints) < 1


def test_a_damaged_case_is_left_out_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    dataset = Field(tmp_path).write(["a", "b", "c"])
    file = dataset.image("b", "train")
    file.write_bytes(file.read_bytes()[:-30])
    training_domain(dataset)
    assert "b_0000.nii.gz" in caplog.text
    for case in "ac":
        dataset.label(case, "train").write_bytes(b"")
    with pytest.raises(DataRefusedError, match="found none"):
        training_domain(dataset)
