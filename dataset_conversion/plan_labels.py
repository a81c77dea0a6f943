"""What is known of each class of a case."""

from dataclasses import replace

from nnunet_ext.dataset_conversion.class_profile import ONE_CASE_PER_RATER
from nnunet_ext.dataset_conversion.find_label import Absent, find_label
from nnunet_ext.dataset_conversion.planned_case import PlannedCase, PlannedLabel
from nnunet_ext.dataset_conversion.scan import Scan


def plan_labels(case: PlannedCase, scan: Scan, *, pool: bool = False) -> list[PlannedCase]:
    """Find the labels of a case.

    Parameters
    ----------
    case
        As found, without labels.
    scan
        Its dataset.
    pool
        Whether a case without any label is one of the pool, rather than refused.

    Returns
    -------
    list of PlannedCase
        The case with its labels, or refused or skipped for want of one; where every rater's mask makes a case of its
        own, one case for each rater.
    """
    if case.name is None:
        return [case]
    outcomes = [
        find_label(case.name, name, scan.profile.classes[name], files, why_empty=_why_empty(case, name, scan))
        for name, files in scan.labels.items()
    ]
    found = [outcome for outcome in outcomes if isinstance(outcome, PlannedLabel)]
    absent = sorted((one for one in outcomes if isinstance(one, Absent)), key=lambda one: (not one.fault, one.refused))
    # A fault is a fault; else what is to be left out knowingly is, whatever else it lacks.
    if pool and not any(label.files for label in found) and not any(one.fault for one in absent):
        return [case]
    if absent:
        return [case.refuse(absent[0].reason) if absent[0].refused else case.skip(absent[0].reason)]
    if found and not any(label.annotated for label in found):
        return [case.skip("no class is annotated")]
    case = replace(case, labels=tuple(found))
    classes = {label.name for label in found if scan.profile.classes[label.name].raters == ONE_CASE_PER_RATER}
    raters = {rater for label in found if label.name in classes for rater, _ in label.files}
    return [_of_rater(case, rater, classes) for rater in sorted(raters)] or [case]


def _why_empty(case: PlannedCase, label_class: str, scan: Scan) -> str:
    subject = case.own[1]
    if subject not in scan.participants.healthy or label_class not in scan.profile.participants.healthy_lacks:
        return ""
    return f"no file, and participants.tsv says healthy ({case.pathology})"


def _of_rater(case: PlannedCase, rater: str, classes: set[str]) -> PlannedCase:
    named = replace(case, case=f"{case.case}_{rater}") if rater else case
    lacking = [
        label.name for label in case.labels if label.name in classes and label.files and rater not in dict(label.files)
    ]
    if lacking:
        return named.skip(f"rater {rater} has drawn no {' and no '.join(sorted(lacking))} mask")
    own = [
        replace(label, files=tuple(file for file in label.files if label.name not in classes or file[0] == rater))
        for label in case.labels
    ]
    return replace(named, labels=tuple(own))
