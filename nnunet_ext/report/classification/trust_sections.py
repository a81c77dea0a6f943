"""Whether probabilities can be believed, and whether it knows when it does not know."""

from typing import Final

from nnunet_ext.core.tables import NOTHING, Row
from nnunet_ext.report.classification.cells import decimals, percent
from nnunet_ext.report.classification.judged import Judged
from nnunet_ext.report.plots.reliability import ReliabilityPoint, reliability_plot
from nnunet_ext.report.plots.risk_coverage import risk_coverage_plot
from nnunet_ext.report.section import Picture, Section

_ERRORS: Final = {"ECE": "ece", "ECE debiased": "ece_debiased", "Brier": "brier", "Log loss": "log_loss"}


def trust_sections(judged: Judged) -> list[Section]:
    """Give the sections, in their order."""
    return [_calibration(judged), _abstention(judged)]


def _calibration(judged: Judged) -> Section:
    rows = []
    for row in judged.rows("calibration.tsv", probabilities="tempered"):
        keys = {"node": row["node"], "evidence": row["evidence"]}
        before = next(iter(judged.rows("calibration.tsv", **keys, probabilities="untempered")), None)
        cells = (
            f"{decimals(NOTHING if before is None else before[one])} → {decimals(row[one])}" for one in _ERRORS.values()
        )
        rows.append((judged.title(row["node"]), row["evidence"], row["n"], *cells))
    pictures = []
    for question in judged.questions:
        title = judged.title(question)
        own = judged.rows("reliability.tsv", node=question, evidence=judged.recommended)
        kinds = dict.fromkeys(row["probabilities"] for row in own)
        points = {kind: [_point(row) for row in own if row["probabilities"] == kind] for kind in kinds}
        alternative = f"Reliability diagram, {title}: how often the likeliest was true, against its probability"
        pictures.append(Picture(title, alternative, reliability_plot(points, title=judged.recommended)))
    return Section(
        "calibration",
        "Whether probabilities mean what they say",
        "Of patients to whom 80 % is said, 80 % should have it. In the figures: points on the broken line are right, "
        "those below it are too sure.",
        ("Question", "Evidence", "n", *_ERRORS),
        rows,
        "Before the temperature → after it. ECE: expected calibration error of the likeliest, in ten bins of as many "
        "patients; few patients make it large however good the probabilities are, which the debiased one takes off. "
        "0 is best of all four.",
        tuple(pictures),
    )


def _point(row: Row) -> ReliabilityPoint:
    said, came, low, high = (float(row[column]) for column in ("said", "came", "came_low", "came_high"))
    return ReliabilityPoint(said, came, low, high, int(row["n"]))


def _abstention(judged: Judged) -> Section:
    rows, pictures = [], []
    for question in judged.questions:
        title = judged.title(question)
        keys = {"node": question, "evidence": judged.recommended}
        found = judged.figures("abstention.tsv", **keys)
        rows.append(
            (
                title,
                found["decided"]["n"],
                *(percent(found[name]) for name in ("decided", "accuracy", "accuracy_left_out")),
                *(decimals(found[name]["value"]) for name in ("aurc", "excess_aurc")),
            )
        )
        own = judged.rows("risk_coverage.tsv", node=question)
        evidences = dict.fromkeys(row["evidence"] for row in own)
        curves = {
            evidence: [(float(row["coverage"]), float(row["risk"])) for row in own if row["evidence"] == evidence]
            for evidence in evidences
        }
        alternative = f"Risk-coverage curves, {title}: share of errors among the surest patients"
        pictures.append(Picture(title, alternative, risk_coverage_plot(curves, title="surest first")))
    return Section(
        "abstention",
        "When it says that it is not sure",
        _sets(judged),
        ("Question", "n", "Decided", "Right, of these", "Right, of the others, had it spoken", "AURC", "Excess AURC"),
        rows,
        "Decided: the whole set of possible diagnoses lies in one branch. Abstention is of use where the others "
        "would have been right less often. AURC: area below the risk-coverage curve, small is good; excess: 0 where "
        "its sureness tells every error.",
        tuple(pictures),
    )


def _sets(judged: Judged) -> str:
    last = list(judged.questions)[-1]
    found = judged.figures("abstention.tsv", node=last, evidence=judged.recommended)
    if "coverage" not in found or found["coverage"]["value"] == NOTHING:
        return "There is no set of possible diagnoses to judge."
    asked = found["coverage_asked"]["value"]
    wanted = "" if asked == NOTHING else f"; {100 * float(asked):g} % was asked for"
    of_one = "coverage of "
    by_class = [f"{name.removeprefix(of_one)} {percent(row)}" for name, row in found.items() if name.startswith(of_one)]
    return (
        f"Each patient has a set of the diagnoses that cannot be left out. {percent(found['coverage'])} of the sets "
        f"hold the truth{wanted}. By diagnosis: {'; '.join(by_class)}. A set has "
        f"{decimals(found['mean_size']['value'], 2)} diagnoses on average; {percent(found['empty'])} are empty."
    )
