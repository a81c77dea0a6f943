"""Cells of a paired comparison."""

from typing import Final

from nnunet_ext.core.tables import Row
from nnunet_ext.report.classification.cells import area, decimals, p_value, percent

PAIRED: Final = ("n", "Accuracy, a to b", "Difference, points", "p", "AUC, a to b", "Difference of AUC", "p of AUC")
"""Headings of what `paired_cells` gives."""


def paired_cells(row: Row) -> tuple[str, ...]:
    """Give the cells of a row that compares b with a, on the same patients."""
    accuracy, areas = "accuracy_difference", "auc_difference"
    shares = (percent({"value": row[f"accuracy_{side}"], "low": "n/a", "high": "n/a"}) for side in "ab")
    return (
        row["n"],
        " to ".join(shares),
        percent(row, points=True, columns=(accuracy, f"{accuracy}_low", f"{accuracy}_high")),
        p_value(row["p_mid"]),
        f"{decimals(row['auc_a'], 2)} to {decimals(row['auc_b'], 2)}",
        area(row, signed=True, columns=(areas, f"{areas}_low", f"{areas}_high")),
        p_value(row["auc_p"]),
    )
