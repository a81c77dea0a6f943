import json
from pathlib import Path

import pytest

from nnunet_ext.active_learning.training.loop_plans import loop_plans, refuse_other_task
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.errors import UsageError
from tests.cascade.prediction.tiny_model import CORD_LESION, TinyModel

MODEL = TinyModel(reader="SimpleITKIO").plans
RAW = {"overwrite_image_reader_writer": "NibabelIO"}


def test_plans_of_the_dataset_itself_are_taken_as_they_are(tmp_path: Path) -> None:
    write_json(tmp_path / "nnUNetPlans.json", MODEL)
    plans = loop_plans({**MODEL, "continue_training": True}, "tiny", RAW, tmp_path)
    assert (plans.name, plans.stands, plans.content) == ("nnUNetPlans", True, MODEL)


def test_plans_of_another_dataset_are_made_once_beside_those_that_there_are(tmp_path: Path) -> None:
    folder = tmp_path / "Dataset501_Cord"
    write_json(folder / "nnUNetPlans.json", {"configurations": {}})
    heir = {**MODEL["configurations"], "heir": {"inherits_from": "tiny", "batch_size": 7}}
    plans = loop_plans({**MODEL, "configurations": heir}, "heir", RAW, folder)
    assert (plans.name, plans.stands) == ("nnUNetPlansLoop", False)
    assert (plans.content["dataset_name"], plans.content["image_reader_writer"]) == (folder.name, "NibabelIO")
    (configuration,) = plans.content["configurations"].values()
    assert (configuration["batch_size"], configuration["spacing"]) == (7, [1.0, 1.0, 1.0])
    assert configuration["data_identifier"] == "nnUNetPlansLoop_heir"
    write_json(folder / "nnUNetPlansLoop.json", plans.content)
    again = loop_plans({**MODEL, "configurations": heir}, "heir", RAW, folder)
    assert (again.name, again.stands) == ("nnUNetPlansLoop", True)
    write_json(folder / "nnUNetPlansLoop.json", {"configurations": {}})
    assert loop_plans(MODEL, "tiny", RAW, folder).name == "nnUNetPlansLoop2"
    assert json.loads((folder / "nnUNetPlans.json").read_text()) == {"configurations": {}}


def test_a_model_of_other_channels_or_regions_cannot_go_on() -> None:
    model = {"channel_names": {"0": "MRI"}, **CORD_LESION}
    refuse_other_task(model, {**model, "labels": {**CORD_LESION["labels"], "ignore": 3}}, where="Dataset501_Cord")
    for changed in ({"channel_names": {"0": "T1w"}}, {"labels": {"background": 0, "sc": 1}}):
        with pytest.raises(UsageError, match="Dataset501_Cord: has the"):
            refuse_other_task(model, {**model, **changed}, where="Dataset501_Cord")
