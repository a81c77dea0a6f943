"""What is known of each class of a case."""

from collections.abc import Mapping
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
    return _one_for_each_rater(case, {label.name for label in found if _each(scan, label.name)})


def _why_empty(case: PlannedCase, label_class: str, scan: Scan) -> str:
    subject = case.own[1]
    if subject not in scan.participants.healthy or label_class not in scan.profile.participants.healthy_lacks:
        return ""
    return f"no file, and participants.tsv says healthy ({case.pathology})"


def _each(scan: Scan, label_class: str) -> bool:
    return scan.profile.classes[label_class].raters == ONE_CASE_PER_RATER


def _one_for_each_rater(case: PlannedCase, classes: set[str]) -> list[PlannedCase]:
    raters = {rater for label in case.labels if label.name in classes for rater, _ in label.files}
    if not raters:
        return [case]
    return [_of_rater(case, rater, classes) for rater in sorted(raters)]


def _of_rater(case: PlannedCase, rater: str, classes: set[str]) -> PlannedCase:
    named = replace(case, case=f"{case.case}_{rater}") if rater else case
    labels: Mapping[str, PlannedLabel] = {label.name: label for label in case.labels}
    lacking = [name for name in classes if labels[name].files and rater not in dict(labels[name].files)]
    if lacking:
        return named.skip(f"rater {rater} has drawn no {' and no '.join(sorted(lacking))} mask")
    own = {
        name: replace(label, files=tuple(file for file in label.files if file[0] == rater))
        if name in classes
        else label
        for name, label in labels.items()
    }
    return replace(named, labels=tuple(own.values()))
