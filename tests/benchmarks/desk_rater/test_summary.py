from typing import Any

import pytest
from desk_rater.cases import Faults, described
from desk_rater.summary import show

FAULTS = described(Faults(0.5, 1, 0, 1, 9, 0, 20, 40))


def result(case: str, arm: str, strokes: int, gave_up: str = "") -> dict[str, Any]:
    counts = {"strokes": strokes, "clicks": 1, "keys": 2, "notches": 0, "seconds": 3.0 * strokes}
    about = {"case": case, "plane": "ax", "arm": arm, "faults": FAULTS, "gave_up": gave_up}
    return {**about, **counts, "dice": 0.5 if gave_up else 0.91}


def test_a_case_that_was_given_up_at_once_counts_in_no_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    given_up = [result("three", arm, 0, "outside") for arm in ("click", "brush")]
    worked = [result(case, arm, n) for case, arm, n in (
        ("one", "click", 2), ("one", "brush", 10), ("two", "click", 4), ("two", "brush", 10),
    )]  # fmt: skip
    overall = show([*worked, *given_up], ("click", "brush"))["summary"]["all"]
    assert overall["ratio"]["strokes"] == pytest.approx({"value": 0.3, "low": 0.2, "high": 0.4})
    assert (overall["of_a_case"], overall["below_aim"]) == (pytest.approx(0.3), 1)
    assert overall["reached"] == {"click": 2, "brush": 2}
    said = capsys.readouterr().out
    assert "The one-click tools need 0.30 of the strokes: less than a third." in said
    assert "not reached with brush: 1, outside" in said
