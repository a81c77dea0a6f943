"""How often each case is drawn."""

from collections import Counter
from collections.abc import Mapping, Sequence

from nnunet_ext.trainers.spine_plan import SpinePlan


def case_weights(
    plan: SpinePlan, cases: Sequence[str], *, balance_contrasts: bool = False, rehearse: bool = False
) -> dict[str, float]:
    """Multiply what the plan says of cases, their sites and their contrasts.

    Parameters
    ----------
    plan
        With weights and groups.
    cases
        That are drawn from.
    balance_contrasts
        Draw each contrast as often as another, where the plan gives no weights of contrasts.
    rehearse
        Draw new cases and old ones in the shares that the plan says.

    Returns
    -------
    dict
        A weight for each case; empty where all are drawn alike, as nnU-Net does. A weight of 0 is never drawn; where
        all have 0, all are drawn alike.
    """
    by_contrast = plan.contrast_weights or (_balanced(plan, cases) if balance_contrasts else {})
    weights = {case: plan.case_weights.get(case, 1.0) for case in cases}
    for case in cases:
        group = plan.groups.get(case)
        if group is not None:
            weights[case] *= plan.site_weights.get(group.site, 1.0) * by_contrast.get(group.contrast, 1.0)
    if rehearse:
        weights = _rehearsed(weights, set(plan.new_cases), plan.rehearsal_share)
    return weights if len(set(weights.values())) > 1 else {}


def _balanced(plan: SpinePlan, cases: Sequence[str]) -> dict[str, float]:
    counts = Counter(plan.groups[case].contrast for case in cases if case in plan.groups)
    return {contrast: 1 / count for contrast, count in counts.items()}


def _rehearsed(weights: Mapping[str, float], new: set[str], old_share: float) -> dict[str, float]:
    """Scale both kinds to their shares of all draws; where one is missing, the other has all."""
    total_new = sum(weight for case, weight in weights.items() if case in new)
    total_old = sum(weight for case, weight in weights.items() if case not in new)
    if not total_new or not total_old:
        return dict(weights)
    return {
        case: weight * ((1 - old_share) / total_new if case in new else old_share / total_old)
        for case, weight in weights.items()
    }
