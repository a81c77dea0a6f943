"""The plots of a group: how each metric spreads, and how predicted volumes agree with those of the reference."""

from collections.abc import Sequence
from typing import Final

from nnunet_ext.evaluation.agreement.bland_altman import bland_altman
from nnunet_ext.report.plots.bland_altman import AgreementLimits, bland_altman_plot
from nnunet_ext.report.plots.raincloud import raincloud
from nnunet_ext.report.region_names import region_name
from nnunet_ext.report.review.case_view import CaseView
from nnunet_ext.report.review.group_content import Plot
from nnunet_ext.report.review.review_columns import ReviewColumn

_FEWEST: Final = 2
_SPREAD: Final = frozenset({"dsc", "nsd", "hd95", "lesion_f1", "lesion_sensitivity", "lesion_ppv"})
_KIND: Final = "svg+xml"


def group_plots(cases: Sequence[CaseView], columns: Sequence[ReviewColumn]) -> tuple[Plot, ...]:
    """Draw a raincloud for each of the main metrics, and a Bland-Altman plot of the volume of each region.

    Cases without a value are left out of a plot; its title says how many are in it. Fewer than two give none.
    """
    plots = [_raincloud(cases, column) for column in columns if column.key.rpartition(" ")[2] in _SPREAD]
    regions = dict.fromkeys(
        column.key.rpartition(" ")[0] for column in columns if column.key.endswith("ref_volume_mm3")
    )
    plots += [_volumes(cases, region) for region in regions]
    return tuple(plot for plot in plots if plot is not None)


def _site(case: CaseView) -> str:
    return case.site or "unknown"


def _raincloud(cases: Sequence[CaseView], column: ReviewColumn) -> Plot | None:
    used = [(value, _site(case)) for case in cases if (value := case.counted(column.key)) is not None]
    if len(used) < _FEWEST:
        return None
    values = [value for value, _ in used]
    sites = [site for _, site in used]
    # Its subjects are all of one method, so the points have no partner and the site is what differs.
    picture = raincloud({"prediction": values}, sites, title=column.title, axis=column.title)
    return Plot(f"{column.title}: {len(used)} of {len(cases)} cases", picture, _KIND)


def _volumes(cases: Sequence[CaseView], region: str) -> Plot | None:
    used = [
        (reference, prediction, _site(case))
        for case in cases
        if (reference := case.values.get(f"{region} ref_volume_mm3")) is not None
        and (prediction := case.values.get(f"{region} pred_volume_mm3")) is not None
    ]
    if len(used) < _FEWEST:
        return None
    name = region_name(region)
    references, predictions = ([float(one[side]) for one in used] for side in (0, 1))
    found = bland_altman(references, predictions)
    picture = bland_altman_plot(
        references,
        predictions,
        [site for _, _, site in used],
        names=("reference", "prediction"),
        quantity=f"{name} volume, mm³",
        bias=AgreementLimits(found.bias, found.bias_low, found.bias_high),
        limits=(
            AgreementLimits(found.limit_low, found.limit_low_low, found.limit_low_high),
            AgreementLimits(found.limit_high, found.limit_high_low, found.limit_high_high),
        ),
    )
    return Plot(
        f"{name.capitalize()} volume, prediction against reference: {len(used)} of {len(cases)} cases", picture, _KIND
    )
