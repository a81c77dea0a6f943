from nnunet_ext.classification.judge.figure_rows import figure_rows
from nnunet_ext.classification.judge.two_class import two_class


def test_each_figure_becomes_a_row_and_what_is_not_defined_says_so() -> None:
    rows = figure_rows(two_class([1, 1], [1, 0]), model="measures")
    assert [row["figure"] for row in rows] == [
        "accuracy", "balanced_accuracy", "sensitivity", "specificity", "ppv", "npv",
    ]  # fmt: skip
    assert rows[0]["model"] == "measures"
    assert (rows[2]["value"], rows[2]["count"], rows[2]["method"]) == ("0.5", "2", "Wilson")
    assert rows[3] == {
        "model": "measures", "figure": "specificity", "value": "n/a", "low": "n/a", "high": "n/a", "count": "0",
        "method": "n/a",
    }  # fmt: skip
