"""What makes the figures too good, and what other masks and images change."""

from nnunet_ext.core.tables import NOTHING
from nnunet_ext.report.classification.cells import DASH, area, decimals, p_value
from nnunet_ext.report.classification.judged import Judged
from nnunet_ext.report.classification.paired_cells import PAIRED, paired_cells
from nnunet_ext.report.section import Section


def leak_sections(judged: Judged) -> list[Section]:
    """Give the sections, in their order."""
    return [_leaks(judged), *_compared(judged)]


def _leaks(judged: Judged) -> Section:
    rows = [
        (
            row["name"],
            row["kind"],
            DASH if row["node"] == NOTHING else judged.title(row["node"]),
            row["patients"],
            _or_dash(row["diagnosis"]),
            area(row, columns=("auc", "low", "high")),
            decimals(row["model_auc"], 2),
            p_value(row["chance"]),
            "nothing amiss" if row["finding"] == NOTHING else row["finding"],
        )
        for row in judged.rows("leaks.tsv")
    ]
    return Section(
        "leaks",
        "What may have leaked",
        "What says the answer without looking at the lesion. Age and sex are facts that a clinician uses, too; but a "
        "model that is no better than they are has learnt nothing from the image.",
        ("What", "Kind", "Question", "n", "Gives away", "AUC alone", "AUC of the model", "Chance", "Found"),
        rows,
        "AUC alone: cross-validated, from the fact and nothing else. Chance: of a site of as many patients having "
        "one class only. “decides alone”: the lower end of the interval is above 0.6. “as good as the model”: the "
        "fact says something, and the model is not shown to say more.",
    )


def _compared(judged: Judged) -> list[Section]:
    rows = [
        (row["comparison"], judged.title(row["node"]), row["evidence"], *paired_cells(row))
        for row in judged.rows("compared.tsv")
    ]
    lead = "a: as evaluated; b: the same patients with manual masks, or without gadolinium. b − a."
    columns = ("Comparison", "Question", "Evidence", *PAIRED)
    return [Section("compared", "Other masks, other images", lead, columns, rows)] if rows else []


def _or_dash(text: str) -> str:
    return DASH if text == NOTHING else text
