"""How often each case is drawn."""

from collections.abc import Mapping, Sequence
from statistics import mean

from nnunet_ext.core.tables import NOTHING
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
        A weight for each case; one whose site or contrast is not known weighs as the others on average. Empty where
        all are drawn alike, as nnU-Net does. A weight of 0 is never drawn; where all have 0, all are drawn alike.
    """
    weights = {case: plan.case_weights.get(case, 1.0) for case in cases}
    weights = _weighted(weights, {case: _known(plan, case, "site") for case in cases}, plan.site_weights)
    contrasts = {case: _known(plan, case, "contrast") for case in cases}
    by_contrast = plan.contrast_weights
    if by_contrast is None:
        by_contrast = _balanced(weights, contrasts) if balance_contrasts else {}
    weights = _weighted(weights, contrasts, by_contrast)
    if rehearse:
        weights = _rehearsed(weights, set(plan.new_cases), plan.rehearsal_share)
    return weights if len(set(weights.values())) > 1 else {}


def _known(plan: SpinePlan, case: str, what: str) -> str | None:
    group = plan.groups.get(case)
    name = NOTHING if group is None else getattr(group, what)
    return None if name in ("", NOTHING) else name


def _weighted(
    weights: Mapping[str, float], groups: Mapping[str, str | None], by_group: Mapping[str, float]
) -> dict[str, float]:
    """Multiply by the weights of groups. A case whose group is not known gets what the others get on average, so that
    it is drawn neither more nor less for it.
    """  # noqa: D205 - one sentence
    factors = {case: by_group.get(group, 1.0) for case, group in groups.items() if group is not None}
    usual = mean(factors.values()) if factors else 1.0
    return {case: weight * factors.get(case, usual) for case, weight in weights.items()}


def _balanced(weights: Mapping[str, float], contrasts: Mapping[str, str | None]) -> dict[str, float]:
    totals: dict[str, float] = {}
    for case, contrast in contrasts.items():
        if contrast is not None:
            totals[contrast] = totals.get(contrast, 0.0) + weights[case]
    return {contrast: 1 / total for contrast, total in totals.items() if total}


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
