import json
from pathlib import Path

import pytest

from nnunet_ext.cascade.prediction.case_files import Naming
from nnunet_ext.cli.predict.describe_run import describe_run
from nnunet_ext.core.output_place import OutputPlace


def place(out: Path) -> OutputPlace:
    return OutputPlace(out, "predict", "Predictions of nnunet_ext")


@pytest.fixture
def given(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    (folder / "derivatives" / "labels").mkdir(parents=True)
    return folder


def test_a_derivative_says_what_it_is_and_names_no_place_elsewhere(tmp_path: Path, given: Path) -> None:
    inside, elsewhere = given / "derivatives" / "mine", tmp_path / "out"
    for out in (inside, elsewhere):
        describe_run(place(out), Naming.BIDS, ["sc"], ({}, {}), given)
    said = json.loads((inside / "dataset_description.json").read_text())
    assert (said["DatasetType"], said["DatasetLinks"]) == ("derivative", {"raw": "../.."})
    assert said["GeneratedBy"][0]["Name"] == "nnunet_ext"
    text = (elsewhere / "dataset_description.json").read_text()
    assert "DatasetLinks" not in text
    assert str(tmp_path) not in text
    describe_run(place(elsewhere), Naming.NEUROPOLY, ["sc"], ({}, {}), given)
    assert (elsewhere / "derivatives" / "labels" / "dataset_description.json").is_file()


def test_nnunet_s_own_files_stand_beside_its_label_maps(tmp_path: Path) -> None:
    model = ({"plans_name": "p"}, {"file_ending": ".nrrd", "labels": {}})
    describe_run(place(tmp_path), Naming.NNUNET, ["sc"], model, None)
    assert json.loads((tmp_path / "plans.json").read_text()) == {"plans_name": "p"}
    assert json.loads((tmp_path / "dataset.json").read_text()) == {"file_ending": ".nii.gz", "labels": {}}
    assert "volume_sc_mm3" in json.loads((tmp_path / "predictions.json").read_text())
