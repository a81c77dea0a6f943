import time
from pathlib import Path

import pytest

from nnunet_ext.correction.draft import Draft
from nnunet_ext.correction.sittings import Sittings
from nnunet_ext.correction.spent import Spent
from tests.correction.made_desk import MadeDesk, served

CLAIM = {"seconds": 86_400.0, "clicks": 1, "strokes": 0, "tools": {}}


def test_no_page_can_claim_more_time_than_passed_since_it_opened_the_case() -> None:
    sittings = Sittings()
    begun = time.monotonic()
    sittings.begin(1, "tab-1", Draft({}, spent=Spent(30.0)))
    bounded = sittings.bounded(1, "tab-1", Draft({}, spent=Spent(86_400.0))).spent.seconds
    assert 30.0 <= bounded <= 30.0 + time.monotonic() - begun
    assert sittings.bounded(1, "tab-1", Draft({}, spent=Spent(29.0))).spent.seconds == 29.0
    assert sittings.bounded(1, "tab-2", Draft({}, spent=Spent(29.0))).spent.seconds == 0.0


@pytest.mark.parametrize("verb", ["draft", "save"])
def test_time_that_did_not_pass_is_written_nowhere(tmp_path: Path, verb: str) -> None:
    made = MadeDesk(tmp_path).make()
    begun = time.monotonic()
    with served(made) as tab:
        tab.open()
        if verb == "draft":
            tab.draft(made.drawn(made.more()), effort=CLAIM)
        else:
            tab.save(made.drawn(made.more()), effort=CLAIM)
        shown = tab.open().json["effort"]["seconds"]
        assert 0 < shown <= time.monotonic() - begun
    if verb == "save":
        assert float(made.rows("effort.tsv")[0]["seconds"]) <= shown + 0.05


def test_the_time_of_all_sittings_adds_up(tmp_path: Path) -> None:
    made = MadeDesk(tmp_path).make()
    with served(made) as tab:
        tab.open()
        tab.save(made.drawn(made.more()), effort=CLAIM)
        first = tab.open().json["effort"]["seconds"]
        tab.save(made.drawn(made.more(at=(9, 11, 8))), effort=CLAIM)
        assert tab.open().json["effort"]["seconds"] > first
