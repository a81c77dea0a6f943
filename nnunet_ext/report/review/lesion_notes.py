"""Why two verbs count different lesions in one case."""

from collections.abc import Sequence
from typing import Final

from nnunet_ext.evaluation.biomarkers.instances import CONNECTIVITY
from nnunet_ext.evaluation.lesions import LesionDefinition
from nnunet_ext.report.review.case_view import CaseView
from nnunet_ext.report.sources.found import Found

_NEIGHBOURS: Final = {6: "a face", 18: "a face or an edge", 26: "a face, an edge or a corner"}
_SCORED: Final = "lesion pred_count"
_MEASURED: Final = "n_lesions"
_OUTSIDE: Final = "n_lesions_outside_cord"
_SHOWN: Final = 5


def lesion_notes(cases: Sequence[CaseView], found: Sequence[Found]) -> tuple[str, ...]:
    """Say how many lesions `evaluate` and `biomarkers` count in the same cases, and why these are not as many.

    Nothing where they agree, or where only one of them counted.
    """
    both = [
        (case, int(scored), int(measured))
        for case in cases
        if (scored := case.values.get(_SCORED)) is not None and (measured := case.values.get(_MEASURED)) is not None
    ]
    apart = [case.name for case, scored, measured in both if scored != measured]
    alone = _alone(cases)
    if not apart:
        return alone
    outside = sum(int(case.values.get(_OUTSIDE) or 0) for case, _, _ in both)
    rules = next((one.counting for one in found if one.counting is not None), None)
    more = f", and {outside} more outside the cord, which it does not measure" if outside else ""
    shown = ", ".join(apart[:_SHOWN]) + (f" and {len(apart) - _SHOWN} more" if len(apart) > _SHOWN else "")
    sentence = (
        f"Lesions of the same {len(both)} cases: evaluate counts {sum(scored for _, scored, _ in both)} in the "
        f"predictions ({_in_words(rules)}), biomarkers {sum(measured for _, _, measured in both)} "
        f"({_in_words(LesionDefinition(CONNECTIVITY))}){more}. The counts differ in {shown}; they also do "
        "where biomarkers measured other masks than evaluate scored."
    )
    return (sentence, *alone)


def _alone(cases: Sequence[CaseView]) -> tuple[str, ...]:
    """Name the cases whose lesions only one of the two counted: their sums are over different cases."""
    counted = {
        verb: {case.name: int(value) for case in cases if (value := case.values.get(key)) is not None}
        for verb, key in (("evaluate", _SCORED), ("biomarkers", _MEASURED))
    }
    if not all(counted.values()):
        return ()
    said = []
    for verb, other in (("evaluate", "biomarkers"), ("biomarkers", "evaluate")):
        names = [name for name in counted[verb] if name not in counted[other]]
        if total := sum(counted[verb][name] for name in names):
            shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
            said.append(f"{total} lesions of {shown} are counted by {verb} only.")
    return tuple(said)


def _in_words(rules: LesionDefinition | None) -> str:
    if rules is None:
        return "by its preset"
    said = [f"voxels that share {_NEIGHBOURS[rules.connectivity]} are one lesion"]
    if rules.smallest_mm3:
        said.append(
            f"pieces {'of' if rules.larger_only else 'below'} {rules.smallest_mm3:g} mm³"
            f"{' or less' if rules.larger_only else ''} are none"
        )
    if rules.smallest_voxels > 1:
        said.append(f"pieces of fewer than {rules.smallest_voxels} voxels are none")
    if len(said) == 1:
        said.append("of any size")
    return ", ".join(said)
