"""What the tables say, in sentences."""

from collections.abc import Sequence
from typing import Final

from nnunet_ext.classification.evaluated.compare_tables import WITH_MANUAL
from nnunet_ext.classification.evaluated.figure_table import ALL
from nnunet_ext.classification.evaluated.leak_table import PERSON, SITE
from nnunet_ext.classification.evaluated.predictions import Predictions
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.tables import Row, number

_LEVEL: Final = 0.05
_FEW: Final = 10  # patients of a class, below which an interval of sensitivity is wider than 50 points


def leak_sentences(leaks: Sequence[Row]) -> tuple[str, ...]:
    """Say what was found that makes the figures too good."""
    said = []
    if people := [row["name"] for row in leaks if row["kind"] == PERSON]:
        said.append(
            f"{len(people)} of the tested patients trained the classifier: {first_few(people)}. Every figure is too "
            "good: take them out of the test"
        )
    for row in leaks:
        if row["finding"] == "n/a" or row["kind"] == PERSON:
            continue
        if row["kind"] == SITE:
            said.append(
                f"{row['node']}: all {row['patients']} patients of site {row['name']} are {row['diagnosis']}; who "
                "knows the scanner knows the answer, and so may the classifier"
            )
        else:
            said.append(_of_fact(row))
    return tuple(said)


def _of_fact(row: Row) -> str:
    area = f"AUC {float(row['auc']):.2f} [{float(row['low']):.2f}, {float(row['high']):.2f}]"
    how = []
    if "decides alone" in row["finding"]:
        how.append("gives the answer away without any image")
    if "as good as the model" in row["finding"]:
        how.append(f"the model ({float(row['model_auc']):.2f}) is not shown to say more")
    return f"{row['node']}: {row['name']} alone, {area}, {', and '.join(how)}"


def figure_sentences(predictions: Predictions, figures: Sequence[Row]) -> tuple[str, ...]:
    """Say how good the recommended evidence is at each node, and whether that beats saying always the same."""
    said = []
    tree, evidence = predictions.classifier.taxonomy, predictions.classifier.recommended
    for node in tree.decisions:
        found = {
            row["figure"]: row
            for row in figures
            if (row["table"], row["node"], row["evidence"], row["group"]) == (ALL, node, evidence, ALL)
        }
        share = found["accuracy"]
        question = _asked(predictions, node)
        if number(share["value"]) is None:
            said.append(f"{question}: no patient to judge by.")
            continue
        hits = round(float(share["value"]) * int(share["n"]))
        area = number(found["auc"]["value"])
        p, most = number(found["p_against_majority"]["value"]), float(found["majority"]["value"])
        better = "better than" if p is not None and p < _LEVEL else "not shown to be better than"
        said.append(
            f"{question}: {hits} of {share['n']} right, {in_percent(share)}"
            + (f", AUC {area:.2f}" if area is not None else "")
            + f"; {better} saying always the commonest ({100 * most:.0f} %)."
        )
    return tuple(said)


def in_percent(row: Row) -> str:
    """Give a share with its interval: `82 % [72, 89]`."""
    value, low, high = (number(row[column]) for column in ("value", "low", "high"))
    if value is None:
        return "n/a"
    ends = f" [{100 * low:.0f}, {100 * high:.0f}]" if low is not None and high is not None else ""
    return f"{100 * value:.0f} %{ends}"


def compare_sentences(predictions: Predictions, compared: Sequence[Row]) -> tuple[str, ...]:
    """Say what manual masks, and images without gadolinium, change of the recommended evidence."""
    said = []
    for row in compared:
        difference, p = number(row["accuracy_difference"]), number(row["p_mid"])
        if row["evidence"] != predictions.classifier.recommended or difference is None or p is None:
            continue
        what = "with manual masks" if row["comparison"] == WITH_MANUAL else row["comparison"]
        low, high = (100 * float(row[f"accuracy_difference_{end}"]) for end in ("low", "high"))
        shown = f"p = {p:.3f}" if p < _LEVEL else f"no difference shown, p = {p:.2f}"
        said.append(
            f"{_asked(predictions, row['node'])}, {what}: accuracy {100 * difference:+.0f} points "
            f"[{low:+.0f}, {high:+.0f}], n = {row['n']}, {shown}."
        )
    return tuple(said)


def caution_sentences(predictions: Predictions) -> tuple[str, ...]:
    """Say who was left out, which classes are small, and what could not be checked."""
    said = []
    reasons: dict[str, int] = {}
    for _, reason in predictions.left_out:
        reasons[reason] = reasons.get(reason, 0) + 1
    said += [f"{count} of all patients left out: {reason}" for reason, count in sorted(reasons.items())]
    counts = dict.fromkeys(predictions.classifier.taxonomy.diagnoses, 0)
    for patient in predictions.patients:
        counts[patient.diagnosis] += 1
    if few := [f"{name} ({count})" for name, count in counts.items() if count < _FEW]:
        said.append(f"Few patients: {', '.join(few)}; the figures of these say little")
    if not predictions.trained:
        said.append("The predictions do not say who trained the classifier: nobody could be looked for in both")
    return tuple(said)


def _asked(predictions: Predictions, node: str) -> str:
    tree = predictions.classifier.taxonomy
    return " or ".join(tree.branches(node)) if node in tree.decisions else node
