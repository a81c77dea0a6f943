from pathlib import Path

import pytest

from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.active_learning.loop_dataset import MADE, dataset_of, free_name
from nnunet_ext.active_learning.settings import ActiveSettings
from nnunet_ext.core.errors import UsageError


def test_a_loop_takes_the_next_number_that_no_folder_of_nnunet_has(tmp_path: Path) -> None:
    for name in ("raw/Dataset501_Cord", "preprocessed/Dataset502_Old", "raw/.Dataset503_Other.unfinished"):
        (tmp_path / name).mkdir(parents=True)
    folders = [tmp_path / "raw", tmp_path / "preprocessed", tmp_path / "results"]
    assert free_name(folders, "cord-lesion") == "Dataset504_CordLesionLoop"
    for number in range(504, 1000):
        (tmp_path / "raw" / f"Dataset{number}_Taken").mkdir()
    with pytest.raises(UsageError, match="all are taken"):
        free_name(folders, "cord")


def test_the_dataset_is_the_one_that_was_named_or_the_one_that_training_made(tmp_path: Path) -> None:
    rounds = Rounds(tmp_path)
    settings = ActiveSettings(target="cord-lesion", pool=())
    assert dataset_of(rounds, settings) == ""
    Journal(rounds.journal).append(MADE, {"round": 1, "dataset": "Dataset501_CordLesionLoop"})
    assert dataset_of(rounds, settings) == "Dataset501_CordLesionLoop"
    named = ActiveSettings(target="cord-lesion", pool=(), dataset="Dataset007_Mine")
    assert dataset_of(rounds, named) == "Dataset007_Mine"
