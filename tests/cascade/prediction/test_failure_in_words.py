from pathlib import Path

import pytest

from nnunet_ext.cascade.prediction.failure_in_words import failure_in_words
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileRefusedError(Path("/data/lab/a.nii.gz"), "cut short"), "a.nii.gz: cut short"),
        (DataRefusedError("/data/lab/a.nii.gz: another grid"), "a.nii.gz: another grid"),
        (ValueError("no '/tmp/x/b.nii'"), "ValueError: no 'b.nii'"),
        (MemoryError(), "not enough memory for this image"),
    ],
)
def test_a_failure_is_told_without_the_folders_of_this_machine(error: Exception, said: str) -> None:
    assert failure_in_words(error) == said
