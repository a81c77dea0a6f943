import struct
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.core.errors import ConflictError, EnvironmentProblemError
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


def test_a_tab_that_lies_open_does_not_keep_a_server_alive(made: MadeDesk) -> None:
    with serve(made.desk, ASSETS, idle_seconds=0.3) as serving:
        tab = Tab(serving.address)
        tab.open()
        with pytest.raises(ConnectionError):
            all(tab.post("beat", {"tab": "tab-1"}).status == 200 for _ in count())
        assert serving.wait() == "idle"


def test_an_image_that_changed_since_it_was_chosen_is_named_and_not_opened(made: MadeDesk) -> None:
    case = replace(made.desk.cases[0], image_sha256="0" * 64)
    with serve(replace(made.desk, cases=(case,)), ASSETS) as serving:
        answer = Tab(serving.address).open()
    assert answer.status == 422
    assert answer.json["reasons"][0].startswith(f"{made.image().name}: the image changed on disk")


def test_what_may_not_be_written_now_stays_a_draft_and_the_reason_is_told(made: MadeDesk) -> None:
    def refuse() -> None:
        raise ConflictError("the round was taken in meanwhile")

    with served(made, allow=refuse) as tab:
        tab.open()
        answer = tab.save(made.drawn(made.more()))
        assert (answer.status, answer.json["reasons"]) == (422, ["the round was taken in meanwhile"])
        assert tab.get("queue").json["cases"][0]["state"] == "draft"
    assert not made.output().exists()


def test_cases_that_are_saved_at_once_by_two_servers_are_all_in_the_tables(tmp_path: Path) -> None:
    made = MadeDesk(tmp_path, stems=tuple(f"sub-{number}_T2w" for number in range(1, 7))).make()
    with served(made) as one, served(made) as other, ThreadPoolExecutor(6) as pool:

        def correct(number: int) -> int:
            tab = replace((one, other)[number % 2], name=f"tab-{number}")
            tab.open(number)
            return tab.save(made.drawn(stem=made.stems[number - 1]), "accept", number).status

        assert list(pool.map(correct, range(1, 7))) == [200] * 6
    for table in ("marks.tsv", "effort.tsv"):
        assert {row["case"] for row in made.rows(table)} == set(made.stems)


def test_a_port_that_is_taken_and_a_folder_that_cannot_be_written_are_named(made: MadeDesk, tmp_path: Path) -> None:
    with serve(made.desk, ASSETS) as serving:
        port = int(serving.address.split("/")[2].rpartition(":")[2])
        with pytest.raises(EnvironmentProblemError, match=f"127.0.0.1:{port}, found: Address already in use"):
            serve(made.desk, ASSETS, port)
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentProblemError, match="a folder that can be written"):
        serve(replace(made.desk, place=tmp_path / "file"), ASSETS)


def test_a_real_whole_spine_is_opened_and_sent_in_less_than_a_second_of_computing(
    real_data: Path, made: MadeDesk
) -> None:
    image = real_data / "t2_full_fov.nii.gz"
    case = replace(made.desk.cases[0], image=image, masks={}, probabilities={})
    with serve(replace(made.desk, cases=(case,)), ASSETS) as serving:
        tab, begun = Tab(serving.address), time.process_time()
        opened = tab.open().json
        content = tab.get("case/1/image.nii?tab=tab-1").content
        assert time.process_time() - begun < 1
    assert opened["shape"] == [384, 195, 52]
    real = nib.Nifti1Image.from_filename(image)
    assert np.array_equal(np.asarray(nib.Nifti1Image.from_bytes(content).dataobj), np.asarray(real.dataobj))
