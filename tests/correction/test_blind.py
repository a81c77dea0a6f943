import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.correction.desk import Desk
from nnunet_ext.correction.open_case import open_case
from nnunet_ext.correction.runs import runs_of
from nnunet_ext.correction.server import serve
from tests.active_learning.ingest.made_round import STEMS, MadeRound
from tests.correction.made_desk import ASSETS, REGIONS, MadeDesk, Said, Tab, save_on, served
from tests.correction.test_round_trip import desk_of


@pytest.fixture
def made(tmp_path: Path) -> MadeRound:
    return MadeRound(tmp_path, raters=("ann", "bob"), stems=STEMS[:1]).make()


def blind(made: MadeRound, rater: str) -> Desk:
    return replace(desk_of(made, rater), blind=True)


def all_that_is_shown(desk: Desk) -> list[Said]:
    with serve(desk, ASSETS) as serving:
        tab = Tab(serving.address)
        return [tab.get("queue"), tab.open(0)]


def test_a_blind_rater_sees_nothing_of_what_another_drew_or_said(made: MadeRound) -> None:
    before = [answer.json for answer in all_that_is_shown(blind(made, "ann"))]
    drawn = {region: made.mask(region=region, rater="bob") > 0 for region in REGIONS}
    save_on(blind(made, "bob"), {**drawn, "lesion": made.more(rater="bob") > 0}, comment="bob's words")
    after = all_that_is_shown(blind(made, "ann"))
    assert [answer.json for answer in after] == before
    assert all("bob" not in answer.content.decode() for answer in after)


def test_the_draft_of_a_rater_is_not_shown_to_another_on_the_same_folder(tmp_path: Path) -> None:
    made = MadeDesk(tmp_path).make()
    with served(made) as tab:
        tab.open()
        tab.draft(made.drawn(made.more()), said={"absent": [], "comment": "mine"})
    with served(replace(made, rater="bob")) as tab:
        assert tab.get("queue").json["cases"][0]["state"] == "open"
        case = tab.open().json
    assert case["masks"] == case["given"]
    assert case["said"]["comment"] == ""


def test_nothing_that_was_superseded_can_be_asked_for(tmp_path: Path) -> None:
    made = MadeDesk(tmp_path).make()
    for place in ((9, 11, 10), (9, 11, 8)):
        made.save(made.drawn(made.more(at=place)))
    (kept,) = made.desk.superseded.iterdir()
    with served(made) as tab:
        tab.open()
        for path in (
            ".desk",
            "desk/.desk",
            "static/.desk",
            "case/1/.desk",
            "case/1/superseded",
            "static/..",
            "static/desk/.desk",
        ):
            assert tab.get(f"{path}/superseded/{kept.name}?tab=tab-1").status == 404
            assert tab.get(f"{path}/{kept.name}?tab=tab-1").status == 404


def test_a_page_is_told_no_place_on_the_disk(made: MadeRound) -> None:
    for answer in all_that_is_shown(blind(made, "ann")):
        assert str(made.root) not in json.dumps(answer.json)


def test_what_is_shown_first_is_the_mask_as_it_was_given_and_later_what_the_rater_saved(made: MadeRound) -> None:
    desk = blind(made, "ann")
    given = open_case(desk, desk.cases[0]).given["lesion"].runs.ravel().tolist()
    assert all_that_is_shown(desk)[1].json["masks"]["lesion"]["runs"] == given
    drawn = {region: made.mask(region=region, rater="ann") > 0 for region in REGIONS}
    mine = made.more(rater="ann") > 0
    save_on(desk, {**drawn, "lesion": mine})
    case = all_that_is_shown(desk)[1].json
    assert case["masks"]["lesion"]["runs"] == runs_of(np.asarray(mine)).ravel().tolist()
    assert case["given"]["lesion"]["runs"] == given
