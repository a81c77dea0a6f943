"""How good each evidence is: the table of a paper, each diagnosis, who was taken for whom, which is better."""

from typing import Final

from nnunet_ext.core.tables import NOTHING
from nnunet_ext.report.classification.cells import area, p_value, percent
from nnunet_ext.report.classification.judged import Judged
from nnunet_ext.report.classification.paired_cells import PAIRED, paired_cells
from nnunet_ext.report.section import Section

_SHARES: Final = {"Accuracy": "accuracy", "Sensitivity": "sensitivity", "Specificity": "specificity"}
_VALUES: Final = {"PPV": "ppv", "NPV": "npv"}


def model_sections(judged: Judged) -> list[Section]:
    """Give the sections, in their order."""
    return [_models(judged), *_diagnoses(judged), _confusion(judged), *_differences(judged)]


def _models(judged: Judged) -> Section:
    rows = []
    for question in judged.questions:
        title = judged.title(question)
        for evidence in dict.fromkeys(row["evidence"] for row in judged.rows("figures.tsv", node=question)):
            keys = {"node": question, "evidence": evidence, "group": "all"}
            found = judged.figures("figures.tsv", table="all", **keys)
            drawn = judged.figures("figures.tsv", table="resampled", **keys)
            rows.append(
                (
                    title,
                    f"{evidence} (recommended)" if evidence == judged.recommended else evidence,
                    found["accuracy"]["n"],
                    *(percent(found.get(name)) for name in _SHARES.values()),
                    area(drawn["auc"] if found["auc"]["low"] == NOTHING else found["auc"]),
                    percent(found["majority"]),
                    p_value(found["p_against_majority"]["value"]),
                )
            )
    return Section(
        "models",
        "How good it is",
        "Each question is asked of the patients whose diagnosis answers it. In brackets: 95 % intervals.",
        ("Question", "Evidence", "n", *_SHARES, "AUC", "Commonest", "p against it"),
        rows,
        "Sensitivity is of the first that is named, specificity of the other. Commonest: the accuracy of saying "
        "always the same; p: one-sided, exact. Shares with Wilson's intervals, areas with DeLong's; of more than two "
        "diagnoses the area is the mean of each against all others, by resampling.",
    )


def _diagnoses(judged: Judged) -> list[Section]:
    many = [question for question, branches in judged.questions.items() if len(branches) > 2]
    rows = []
    for question in many:
        for branch in judged.questions[question]:
            keys = {"table": "branches", "node": question, "evidence": judged.recommended, "group": f"branch: {branch}"}
            found = judged.figures("figures.tsv", **keys)
            rows.append(
                (branch, *(percent(found[name]) for name in (*_SHARES.values(), *_VALUES.values())), area(found["auc"]))
            )
    columns = ("Diagnosis", *_SHARES, *_VALUES, "AUC")
    lead = f"Each against all others, by {judged.recommended}."
    return [Section("each", "Each diagnosis", lead, columns, rows)] if rows else []


def _confusion(judged: Judged) -> Section:
    counts = judged.rows("confusion.tsv", evidence=judged.recommended)
    names = list(dict.fromkeys(row["truth"] for row in counts))
    rows = []
    for truth in names:
        line = {row["decided"]: int(row["patients"]) for row in counts if row["truth"] == truth}
        total = sum(line.values())
        shares = (f"{line[name]} ({100 * line[name] / total:.0f} %)" if total else str(line[name]) for name in names)
        rows.append((truth, *shares, str(total)))
    return Section(
        "confusion",
        "What was taken for what",
        f"Rows: the truth; columns: the likeliest diagnosis by {judged.recommended}.",
        ("Truth", *names, "Patients"),
        rows,
    )


def _differences(judged: Judged) -> list[Section]:
    rows = [
        (judged.title(row["node"]), f"{row['evidence_a']} → {row['evidence_b']}", *paired_cells(row))
        for row in judged.rows("differences.tsv")
    ]
    note = (
        "b − a. Accuracy: McNemar's mid-p test; area: DeLong's. P values are not corrected for their number. No "
        "difference shown is no proof that there is none: see the intervals."
    )
    columns = ("Question", "a → b", *PAIRED)
    return [Section("differences", "Which evidence is better", "", columns, rows, note)] if rows else []
