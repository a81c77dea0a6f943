"""In whom it is better or worse, and what people said of the same patients."""

from typing import Final

from nnunet_ext.report.classification.cells import area, decimals, p_value, percent
from nnunet_ext.report.classification.judged import Judged
from nnunet_ext.report.section import Section

_SHARES: Final = {"Accuracy": "accuracy", "Sensitivity": "sensitivity", "Specificity": "specificity"}


def patient_sections(judged: Judged) -> list[Section]:
    """Give the sections, in their order."""
    return [_groups(judged), *_between(judged), _readers(judged), *_agreement(judged)]


def _groups(judged: Judged) -> Section:
    rows = []
    for question in judged.questions:
        keys = {"table": "groups", "node": question, "evidence": judged.recommended}
        for group in dict.fromkeys(row["group"] for row in judged.rows("figures.tsv", **keys)):
            found = judged.figures("figures.tsv", **keys, group=group)
            shares = (percent(found.get(name)) for name in _SHARES.values())
            rows.append((judged.title(question), group, found["accuracy"]["n"], *shares, area(found["auc"])))
    lead = f"By {judged.recommended}. Children are under 18; cases on which readers disagree are the difficult ones."
    columns = ("Question", "Patients", "n", *_SHARES, "AUC")
    if not rows:
        return Section("groups", "Groups of patients", "All patients are alike in site, age, sex and readers' answers.")
    return Section("groups", "Groups of patients", lead, columns, rows)


def _between(judged: Judged) -> list[Section]:
    rows = [
        (
            judged.title(row["node"]),
            f"{row['grouping']}: {row['a']} → {row['b']}",
            f"{row['n_a']} and {row['n_b']}",
            f"{decimals(row['auc_a'], 2)} to {decimals(row['auc_b'], 2)}",
            area(row, signed=True, columns=("difference", "low", "high")),
            p_value(row["p"]),
        )
        for row in judged.rows("groups.tsv")
    ]
    columns = ("Question", "a → b", "n", "AUC, a to b", "Difference of AUC", "p")
    note = "DeLong, unpaired; p values are not corrected: of twenty groups that are alike one differs."
    return [Section("between", "Between groups", "", columns, rows, note)] if rows else []


def _readers(judged: Judged) -> Section:
    rows = []
    for question in judged.questions:
        own = judged.rows("readers.tsv", node=question)
        for reader in dict.fromkeys(row["reader"] for row in own if row["against"] == "truth"):
            found = {(row["against"], row["figure"]): row for row in own if row["reader"] == reader}
            difference = found["model", "accuracy_difference"]
            rows.append(
                (
                    judged.title(question),
                    reader,
                    difference["n"],
                    *(percent(found.get(("truth", name))) for name in _SHARES.values()),
                    percent(found.get(("truth", "accuracy_outside_wrong"))),
                    percent(found["model", "model_accuracy"]),
                    percent(difference, points=True),
                    p_value(difference["p"]),
                )
            )
    if not rows:
        return Section(
            "readers", "Readers beside the model", "No reader's diagnoses are known: patients.tsv has no reader_NAME."
        )
    note = (
        "On the patients for whom the reader named one of the branches: an answer outside of the question, as MS for "
        "an astrocytoma where the tumour is asked for, counts as none. Strictly: the reader's accuracy where it "
        "counts as wrong. Difference: the model's accuracy less the reader's, points; p: McNemar's mid-p test, not "
        "corrected."
    )
    lead = f"The model is {judged.recommended}, on the very patients whom each reader answered for."
    columns = ("Question", "Reader", "n", *_SHARES, "Strictly", "Model", "Difference", "p")
    return Section("readers", "Readers beside the model", lead, columns, rows, note)


def _agreement(judged: Judged) -> list[Section]:
    rows = [
        (judged.title(row["node"]), f"{row['reader']} and {row['against']}", row["n"], area(row))
        for row in judged.rows("readers.tsv")
        if row["figure"] == "cohen_kappa"
    ]
    rows += [
        (judged.title(row["node"]), "all readers (Fleiss)", row["n"], area(row))
        for row in judged.rows("readers.tsv")
        if row["figure"] == "fleiss_kappa"
    ]
    lead = "Cohen's kappa of two, Fleiss' of all: 0 is chance, 1 always the same."
    columns = ("Question", "Who", "n", "Kappa")
    return [Section("agreement", "How far readers agree", lead, columns, rows)] if rows else []
