import json
from pathlib import Path

import pytest

from nnunet_ext.cascade.prediction.naming import Naming
from nnunet_ext.cli.predict.inputs import Layout
from nnunet_ext.cli.predict.place import describe_run, refuse_place
from nnunet_ext.core.errors import ConflictError, UsageError


@pytest.fixture
def given(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    (folder / "derivatives" / "labels").mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    ("place", "layout", "taken"),
    [
        ("out", Layout.BIDS, True),
        ("in/derivatives/mine", Layout.BIDS, True),
        ("in/derivatives/mine/deeper", Layout.BIDS, True),
        ("in/derivatives/../derivatives/mine", Layout.BIDS, True),
        ("in2", Layout.NNUNET, True),
        ("in", Layout.BIDS, False),
        ("in/derivatives", Layout.BIDS, False),
        ("in/mine", Layout.BIDS, False),
        ("in/sub-1/anat", Layout.BIDS, False),
        ("in", Layout.NNUNET, False),
        ("in/derivatives/mine", Layout.NNUNET, False),
        ("in/mine", Layout.PLAIN, False),
        ("link/mine", Layout.PLAIN, False),
        ("out.nii.gz", Layout.BIDS, False),
    ],
)
def test_an_output_goes_beside_its_input_or_where_bids_keeps_derivatives(
    tmp_path: Path, given: Path, place: str, layout: Layout, taken: bool
) -> None:
    (tmp_path / "link").symlink_to(given)
    if taken:
        refuse_place(tmp_path / place, [given], layout)
    else:
        with pytest.raises(UsageError, match="-o"):
            refuse_place(tmp_path / place, [given], layout)


def test_a_folder_that_holds_something_else_is_a_conflict(tmp_path: Path, given: Path) -> None:
    labels = given / "derivatives" / "labels"
    refuse_place(labels, [given], Layout.BIDS)
    (labels / ".DS_Store").write_text("")
    refuse_place(labels, [given], Layout.BIDS)
    (labels / "sub-1").mkdir()
    with pytest.raises(ConflictError, match="sub-1"):
        refuse_place(labels, [given], Layout.BIDS)
    describe_run(labels, Naming.BIDS, ["sc"], ({}, {}), None)
    refuse_place(labels, [given], Layout.BIDS)


def test_a_derivative_says_what_it_is_and_names_no_place_elsewhere(tmp_path: Path, given: Path) -> None:
    inside, elsewhere = given / "derivatives" / "mine", tmp_path / "out"
    for out in (inside, elsewhere):
        describe_run(out, Naming.BIDS, ["sc"], ({}, {}), given)
    said = json.loads((inside / "dataset_description.json").read_text())
    assert (said["DatasetType"], said["DatasetLinks"]) == ("derivative", {"raw": "../.."})
    assert said["GeneratedBy"][0]["Name"] == "nnunet_ext"
    text = (elsewhere / "dataset_description.json").read_text()
    assert "DatasetLinks" not in text
    assert str(tmp_path) not in text
    describe_run(elsewhere, Naming.NEUROPOLY, ["sc"], ({}, {}), given)
    assert (elsewhere / "derivatives" / "labels" / "dataset_description.json").is_file()


def test_nnunet_s_own_files_stand_beside_its_label_maps(tmp_path: Path) -> None:
    describe_run(tmp_path, Naming.NNUNET, ["sc"], ({"plans_name": "p"}, {"file_ending": ".nrrd", "labels": {}}), None)
    assert json.loads((tmp_path / "plans.json").read_text()) == {"plans_name": "p"}
    assert json.loads((tmp_path / "dataset.json").read_text()) == {"file_ending": ".nii.gz", "labels": {}}
    assert "volume_sc_mm3" in json.loads((tmp_path / "predictions.json").read_text())
