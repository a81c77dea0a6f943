import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.correction.runs import mask_of, read_runs
from tests.conftest import SHAPE
from tests.correction.made_desk import STEMS, MadeDesk, served, served_apart


@pytest.fixture
def made(tmp_path: Path) -> MadeDesk:
    return MadeDesk(tmp_path).make()


def shown(case: dict[str, object], region: str = "lesion") -> np.ndarray:
    masks = case["masks"]
    assert isinstance(masks, dict)
    return mask_of(read_runs(masks[region]["runs"], int(np.prod(SHAPE))), SHAPE)


def draft_of(made: MadeDesk) -> Path:
    (path,) = (made.desk.hidden / "drafts").iterdir()
    return path


def test_after_a_kill_in_the_middle_the_next_server_shows_what_was_drawn_and_said(made: MadeDesk) -> None:
    said = {"absent": [], "comment": "look at C3"}
    with served_apart(made) as server:
        server.tab.open()
        server.tab.draft(made.drawn(made.more()), said=said)
        server.kill()
    with served(made) as tab:
        assert [case["state"] for case in tab.get("queue").json["cases"]] == ["draft", "open"]
        case = replace(tab, name="another-tab").open().json
        assert np.array_equal(shown(case), made.more())
        assert (case["draft"], case["said"]) == (True, said)
        assert case["effort"]["tools"] == {"brush": 2, "remove": 1}


def test_a_draft_goes_on_until_the_case_is_saved(made: MadeDesk) -> None:
    with served(made) as tab:
        tab.open()
        tab.draft(made.drawn(made.more()))
        assert tab.save(made.drawn(made.more())).status == 200
        case = tab.open().json
    assert case["draft"] is False
    assert np.array_equal(shown(case), made.more())
    assert not list((made.desk.hidden / "drafts").iterdir())


def test_what_is_refused_on_saving_stays_as_a_draft(made: MadeDesk) -> None:
    outside = made.more(at=(0, 0, 0))
    with served(made) as tab:
        tab.open()
        answer = tab.save(made.drawn(outside))
        assert (answer.status, len(answer.json["reasons"])) == (422, 1)
        assert "1 lesion voxels outside the cord" in answer.json["reasons"][0]
        assert np.array_equal(shown(tab.open().json), outside)


@pytest.mark.parametrize("content", ["", '{"masks": {"sc": {"ru', "[]", '{"image_sha256": "0"}', "\0\0\0\0"])
def test_a_torn_draft_is_set_aside_by_name_and_the_case_opens_as_it_was(made: MadeDesk, content: str) -> None:
    with served(made) as tab:
        tab.open()
        tab.draft(made.drawn(made.more()))
        path = draft_of(made)
        write_text(path, content)
        case = tab.open().json
        assert np.array_equal(shown(case), made.mask())
        (note,) = case["notes"]
        assert note.startswith(f"{path.name}: ")
        assert not path.exists()
        assert (made.desk.superseded / note.rpartition(" ")[2]).read_text(encoding="utf-8") == content


def test_a_draft_on_another_image_is_set_aside(made: MadeDesk) -> None:
    with served(made) as tab:
        tab.open()
        tab.draft(made.drawn(made.more()))
        shutil.copyfile(made.image(STEMS[1]), made.image())
        case = tab.open().json
    assert "drawn on another image" in case["notes"][0]
    assert np.array_equal(shown(case), made.mask())


def test_a_saved_case_that_is_only_looked_at_again_stays_saved(made: MadeDesk) -> None:
    with served(made) as tab:
        tab.open()
        tab.save(made.drawn(made.more()))
        assert tab.draft(made.drawn(made.more())).json == {"state": "saved"}
        tab.open()
        assert tab.draft(made.drawn(made.more())).json == {"state": "saved"}
        assert tab.draft(made.drawn(made.more(at=(9, 11, 8)))).json == {"state": "draft"}
        assert tab.draft(made.drawn(made.more())).json == {"state": "draft"}


def test_what_was_said_to_be_absent_is_still_said_when_the_saved_case_is_opened_again(made: MadeDesk) -> None:
    with served(made) as tab:
        tab.open()
        said = {"absent": ["lesion"], "comment": ""}
        empty = np.zeros(SHAPE, np.bool_)
        assert tab.save(made.drawn(empty), said=said).status == 200
        assert tab.open().json["said"] == said
        assert tab.save(made.drawn(empty), said=said).status == 200


def test_a_case_that_was_put_off_shows_what_was_drawn(made: MadeDesk) -> None:
    with served(made) as tab:
        tab.open()
        assert tab.save(made.drawn(made.more()), "defer").json["action"] == "defer"
        assert np.array_equal(shown(tab.open().json), made.more())
        case = tab.get("queue").json["cases"][0]
        assert (case["state"], case["action"]) == ("saved", "defer")


def test_a_damaged_mask_where_the_corrected_one_goes_is_named_and_replaced_on_saving(made: MadeDesk) -> None:
    made.output().parent.mkdir(parents=True)
    made.output().write_bytes(made.given().read_bytes()[:-9])
    with served(made) as tab:
        case = tab.open().json
        assert case["notes"][0].startswith(f"lesion: {made.output().name}: the file is truncated")
        assert tab.save(made.drawn(made.more())).status == 200
    assert np.array_equal(read_mask(made.output()).data, made.more())
    assert len(list(made.desk.superseded.iterdir())) == 1


def test_a_damaged_image_or_mask_is_named_and_the_other_cases_open(made: MadeDesk) -> None:
    made.image().write_bytes(made.image().read_bytes()[:-9])
    made.given(STEMS[1]).unlink()
    with served(made) as tab:
        for number, name in ((1, made.image().name), (2, made.given(STEMS[1]).name)):
            answer = tab.open(number)
            assert answer.status == 422
            assert answer.json["reasons"][0].startswith(f"{name}: ")
            assert str(made.root) not in answer.content.decode()
            assert tab.get("queue?tab=tab-2").json["cases"][number - 1]["held_by"] == ""
