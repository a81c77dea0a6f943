"""What each column of an evaluation's tables means."""

from collections.abc import Mapping
from typing import Any, Final

_NODE: Final = (
    "Question: a node of the taxonomy, asked of the patients whose diagnosis is below it; `diagnoses`: of all"
)
_EVIDENCE: Final = "What the classifier rested on: logistic, boosting, network or both"
_INTERVAL: Final = {
    "low": "Lower end of the 95 % interval; n/a where there is none",
    "high": "Upper end",
}
_ESTIMATE: Final = {
    "value": "The figure; n/a where it is not defined, as sensitivity without a patient who has it",
    **_INTERVAL,
    "n": "Patients that it is of: its denominator, where it is a share",
}
_METHOD: Final = {"method": "How the interval was made"}
_KEYS: Final = {"node": _NODE, "evidence": _EVIDENCE}
_PAIRED: Final = {
    "n": "Patients, the same of both",
    "accuracy_a": "Share that a decided right",
    "accuracy_b": "Share that b decided right",
    "only_a": "Patients whom only a decided right",
    "only_b": "Patients whom only b decided right",
    "accuracy_difference": "Accuracy of b less that of a",
    "accuracy_difference_low": "Lower end of its 95 % interval (Bonett and Price 2012)",
    "accuracy_difference_high": "Upper end",
    "p_mid": "Of McNemar's mid-p test, two-sided, not corrected",
    "p_exact": "Of McNemar's exact test, two-sided, not corrected",
    "auc_a": "Area under the ROC curve of a; of more than two branches the mean of each against all others",
    "auc_b": "Area under the ROC curve of b",
    "auc_difference": "Area of b less that of a",
    "auc_difference_low": "Lower end of its 95 % interval",
    "auc_difference_high": "Upper end",
    "auc_method": "DeLong (1988), or percentile: over patients drawn again and again",
    "auc_p": "Of DeLong's test, two-sided, not corrected; n/a of more than two branches",
}

TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "figures.tsv": {
        "table": "all: all patients; resampled: the same, with intervals from patients drawn again and again; "
        "branches: one branch against all others; groups: some of the patients",
        **_KEYS,
        "group": "all, branch: NAME, or the group of patients",
        "figure": "accuracy, balanced_accuracy, sensitivity and specificity (of the first branch of two), ppv, npv, "
        "auc, majority: the accuracy of saying always the commonest, p_against_majority: one-sided, exact, "
        "of being no better",
        **_ESTIMATE,
        **_METHOD,
    },
    "differences.tsv": {
        "node": _NODE,
        "evidence_a": "The simpler evidence, a",
        "evidence_b": "The other one, b",
        **_PAIRED,
    },
    "confusion.tsv": {
        "evidence": _EVIDENCE,
        "truth": "True diagnosis",
        "decided": "Likeliest diagnosis",
        "patients": "How many",
    },
    "calibration.tsv": {
        **_KEYS,
        "probabilities": "tempered: as they are given; untempered: before that",
        "n": "Patients",
        "ece": "Expected calibration error of the likeliest branch, in ten bins of as many patients; 0 is best",
        "ece_classwise": "Mean over the branches of that of each one's probability",
        "ece_debiased": "Root mean square, less what chance adds to it",
        "brier": "Brier score: 0 is best; of two branches 1, of more 2 is worst",
        "brier_reliability": "Its part for probabilities that are off: 0 is best",
        "brier_resolution": "Its part for telling patients apart: large is best",
        "brier_uncertainty": "Its part that no classifier changes",
        "log_loss": "Mean of -ln p of the true branch, nats; 0 is best",
    },
    "reliability.tsv": {
        **_KEYS,
        "probabilities": "tempered or untempered",
        "bin": "From the least sure",
        "low": "Smallest probability of the likeliest branch in the bin",
        "high": "Largest",
        "said": "Mean",
        "came": "Share of the patients in the bin in whom it was the true one",
        "came_low": "Lower end of its 95 % interval (Wilson)",
        "came_high": "Upper end",
        "n": "Patients in the bin",
    },
    "abstention.tsv": {
        **_KEYS,
        "figure": "coverage_asked, coverage (sets that hold the truth), coverage of DIAGNOSIS, mean_size, empty, "
        "abstained (sets of none or several), right (of the sets of one); decided: patients whose whole "
        "set lies in one branch, accuracy of these, accuracy_left_out of the others; aurc: area below the "
        "risk-coverage curve, excess_aurc: what it is above that of the same errors put last",
        **_ESTIMATE,
        **_METHOD,
    },
    "risk_coverage.tsv": {
        **_KEYS,
        "coverage": "Share of patients that are decided, the surest first",
        "risk": "Share of these that are decided wrong",
    },
    "groups.tsv": {
        **_KEYS,
        "grouping": "site, age, sex, or cases: whether readers disagree",
        "a": "One group",
        "b": "The other group",
        "n_a": "Patients in a",
        "n_b": "Patients in b",
        "auc_a": "Area under the ROC curve in a",
        "auc_b": "Area under the ROC curve in b",
        "difference": "Area in b less that in a",
        **_INTERVAL,
        "p": "Of no difference (DeLong, unpaired), two-sided, not corrected",
    },
    "readers.tsv": {
        "node": _NODE,
        "reader": "Name from the column reader_NAME; majority vote: what most say; all: all of them",
        "against": "truth, model (the recommended evidence on the very patients whom the reader answered for), or a "
        "reader",
        "figure": "accuracy, balanced_accuracy, sensitivity, specificity, of the answers that name a branch; "
        "outside: share of the answers that name none; accuracy_outside_wrong: counting those as wrong; "
        "model_accuracy; accuracy_difference: the model's less the reader's; cohen_kappa, fleiss_kappa: "
        "agreement beyond chance",
        **_ESTIMATE,
        "p": "Of accuracy_difference: McNemar's mid-p test, two-sided, not corrected",
        **_METHOD,
    },
    "leaks.tsv": {
        "kind": "person: trained the classifier and is tested; site of one class; fact: known without any image",
        "node": "A node of the taxonomy",
        "name": "Of the person, site or fact",
        "diagnosis": "Branch that it gives away",
        "patients": "How many",
        "chance": "Of as many patients of a site having all one branch, were sites nothing",
        "auc": "Area under the ROC curve of the fact alone, cross-validated",
        **_INTERVAL,
        "model_auc": "Area of the recommended evidence on the same patients",
        "difference": "How much larger that is",
        "difference_low": "Lower end of its 95 % interval (DeLong)",
        "difference_high": "Upper end",
        "finding": "What is amiss; n/a where nothing is",
    },
    "compared.tsv": {
        "comparison": "manual masks: b has masks that people drew; without gadolinium: b lacks the images with it",
        **_KEYS,
        **_PAIRED,
        "resampled_accuracy_low": "Lower end of the percentile interval of accuracy_difference over patients",
        "resampled_accuracy_high": "Upper end",
        "resampled_auc_low": "Lower end of the percentile interval of auc_difference over patients",
        "resampled_auc_high": "Upper end",
    },
}
"""File to its columns in their order, each with what it means."""


def evaluated_dictionary(rows: Mapping[str, int], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Give the data dictionary of the tables, ready for JSON: each column's meaning, the number of rows, and facts."""
    tables = {
        name: {
            "rows": rows[name],
            "columns": {column: {"Description": words} for column, words in TABLES[name].items()},
        }
        for name in rows
    }
    return {"tables": tables, **facts}
