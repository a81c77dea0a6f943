import struct
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.correction.server import serve
from tests.correction.made_desk import ASSETS, REGIONS, MadeDesk, Tab, served


@pytest.fixture
def made(tmp_path: Path) -> MadeDesk:
    return MadeDesk(tmp_path).make()


def test_a_case_goes_from_the_queue_over_drawing_to_a_saved_mask(made: MadeDesk) -> None:
    with served(made) as tab:
        assert [case["state"] for case in tab.get("queue").json["cases"]] == ["open", "open"]
        assert tab.open().status == 200
        drawn = {"sc": made.mask("sc"), "lesion": made.more()}
        assert tab.draft(drawn).json == {"state": "draft"}
        assert tab.get("queue").json["cases"][0]["state"] == "draft"
        said = tab.save(drawn).json
        assert (said["state"], said["action"], said["next"]) == ("saved", "edit", 2)
        assert said["files"] == [made.output(region=region).name for region in REGIONS]
        case = tab.get("queue").json["cases"][0]
        assert (case["state"], case["action"]) == ("saved", "edit")
    assert np.array_equal(read_mask(made.output()).data, made.more())


def test_the_page_and_its_files_are_served_as_they_were_given(made: MadeDesk) -> None:
    with served(made) as tab:
        for path, name in (("", "index.html"), ("static/desk.js", "desk.js")):
            answer = tab.get(path)
            assert (answer.content, answer.headers["Content-Type"]) == ASSETS[name]
        assert tab.get("static/other.js").status == 404


def test_an_opened_case_says_all_that_a_page_needs_to_draw_on_it(made: MadeDesk) -> None:
    with served(made) as tab:
        case = tab.open().json
    image = nib.Nifti1Image.from_filename(made.image())
    assert case["shape"] == list(image.shape)
    assert np.array_equal(case["affine"], image.affine)
    assert (case["orientation"], case["spacing"]) == ("LAS", [1.0, 1.0, 2.0])
    assert (case["regions"], case["probabilities"], case["draft"]) == (["sc", "lesion"], ["sc", "lesion"], False)
    assert case["masks"] == case["given"]
    assert sum(case["given"]["lesion"]["runs"][1::2]) == np.count_nonzero(made.mask())


def test_the_image_is_a_whole_nifti_file_with_its_very_voxels(made: MadeDesk) -> None:
    with served(made) as tab:
        size = tab.open().json["image_bytes"]
        content = tab.get("case/1/image.nii?tab=tab-1").content
    image = nib.Nifti1Image.from_filename(made.image())
    assert len(content) == size
    assert struct.unpack_from("<i", content) == (348,)
    shown = nib.Nifti1Image.from_bytes(content)
    assert np.array_equal(np.asarray(shown.dataobj), np.asarray(image.dataobj))
    assert np.array_equal(shown.affine, image.affine)


def test_a_probability_is_a_byte_a_voxel_with_the_first_axis_fastest(made: MadeDesk) -> None:
    with served(made) as tab:
        tab.open()
        plain = tab.get("case/1/probability/lesion?tab=tab-1")
        packed = tab.get("case/1/probability/lesion?tab=tab-1", Accept_Encoding="gzip")
    values = np.frombuffer(plain.content, np.uint8).reshape(made.mask().shape, order="F")
    assert np.array_equal(values, np.where(made.mask(), 204, 0))
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.content) < len(plain.content)


def test_a_case_that_a_tab_does_not_hold_is_not_given_to_it(made: MadeDesk) -> None:
    with served(made) as tab:
        assert tab.get("case/1/image.nii?tab=tab-1").status == 409
        assert tab.draft({"sc": made.mask("sc"), "lesion": made.mask()}).status == 409


def test_a_server_ends_when_a_page_says_that_all_is_done(made: MadeDesk) -> None:
    with serve(made.desk, ASSETS) as serving:
        assert Tab(serving.address).post("end", {}).status == 200
        assert serving.wait() == "done"


def test_a_server_that_nobody_asks_ends_by_itself(made: MadeDesk) -> None:
    with serve(made.desk, ASSETS, idle_seconds=0.05) as serving:
        assert serving.wait() == "idle"
