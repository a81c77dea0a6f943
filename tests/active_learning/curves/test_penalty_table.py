from nnunet_ext.active_learning.curves.penalty_matrix import PenaltyMatrix, penalty_matrix
from nnunet_ext.active_learning.curves.penalty_table import penalty_columns, penalty_rows
from nnunet_ext.core.tables import table_text
from nnunet_ext.evaluation.agreement.adjust import Correction
from tests.active_learning.curves.made_curves import runs


def test_a_matrix_is_a_table_of_winners_by_losers() -> None:
    matrix = PenaltyMatrix(("a", "b"), {("a", "b"): 0.5, ("b", "a"): 0.0})
    assert table_text(penalty_rows(matrix), penalty_columns(matrix)) == (
        "strategy\ta\tb\tmean\na\tn/a\t0.5\t0.5\nb\t0\tn/a\t0\nmean\t0\t0.5\tn/a\n"
    )


def test_before_the_first_round_nothing_has_been_won() -> None:
    matrix = penalty_matrix(runs({"a": [[0.1], [0.2]], "b": [[0.1], [0.2]]}), Correction.NONE)
    assert matrix.mean_won("a") == 0
    assert penalty_rows(matrix)[0]["b"] == "0"
