import numpy as np

from nnunet_ext.classification.judge.auc import auc
from nnunet_ext.classification.measured.contributions import contributions
from nnunet_ext.classification.measured.fit_logistic import fit_logistic
from nnunet_ext.classification.measured.node_patients import NodePatients
from nnunet_ext.phantom.entities.case import Case, draw_case
from nnunet_ext.phantom.entities.entity import Entity

COLUMNS = ("age_years", "female", "n_lesions", "total_volume_mm3", "longest_vertebrae", "enhancement")


def row(case: Case) -> dict[str, float | None]:
    return {
        "age_years": float(case.age),
        "female": float(case.sex == "F"),
        "n_lesions": float(len(case.lesions)),
        "total_volume_mm3": 1000 * case.volume_ml,
        "longest_vertebrae": max(span.vertebrae for span in case.lesions),
        "enhancement": 3.0 * case.enhances if case.gadolinium else None,
    }


def test_tumours_are_told_from_demyelination_by_what_the_paper_lists_of_them() -> None:
    rng = np.random.default_rng(0)
    cases = [draw_case(entity, rng) for _ in range(30) for entity in Entity]
    truth = np.array([0 if case.entity.is_tumour else 1 for case in cases])
    rows = [row(case) for case in cases]
    folds = [np.arange(60)[(np.arange(60) // 4) % 2 == half] for half in range(2)]
    model = fit_logistic(NodePatients(rows[:60], truth[:60], ("tumour", "demyelination"), COLUMNS, folds))
    assert (auc(truth[60:] == 0, model.predict(rows[60:])[:, 0]).value or 0) > 0.85
    parts = contributions([model], rows[60:])
    strongest = parts.measures[int(np.abs(parts.terms[:, 0]).mean(axis=0).argmax())]
    assert strongest in {"total_volume_mm3", "enhancement"}
