from nnunet_ext.active_learning.curves.areas_table import AREAS_COLUMNS, area_rows
from nnunet_ext.active_learning.curves.verdict import verdict
from nnunet_ext.core.tables import table_text
from tests.active_learning.curves.made_curves import runs

VALUES = {
    "random": [[0.2, 0.50, 0.6], [0.2, 0.60, 0.6], [0.2, 0.70, 0.60]],
    "better": [[0.2, 0.60, 0.71], [0.2, 0.71, 0.72], [0.2, 0.82, 0.70]],
    "same": [[0.2, 0.52, 0.55], [0.2, 0.55, 0.65], [0.2, 0.75, 0.60]],
    "worse": [[0.2, 0.40, 0.49], [0.2, 0.49, 0.48], [0.2, 0.58, 0.50]],
    "short": [[0.2, 0.40]],
}


def test_every_strategy_has_a_row_and_says_how_it_stands_to_the_baseline() -> None:
    rows = area_rows(verdict(runs(VALUES), "random", "Dice"))
    assert [(row["strategy"], row["significance"]) for row in rows] == [
        ("random", "baseline"), ("better", "better"), ("same", "not significant"), ("worse", "worse"),
        ("short", "not tested"),
    ]  # fmt: skip
    assert (rows[0]["area"], rows[0]["seeds"], rows[0]["difference"]) == ("0.5", "3", "n/a")
    assert (rows[1]["area"], rows[1]["difference"]) == ("0.5825", "0.0825")
    assert (rows[4]["area"], rows[4]["seeds"], rows[4]["p"]) == ("n/a", "0", "n/a")
    assert table_text(rows, AREAS_COLUMNS).count("\n") == 6
