"""What the lines in the pictures of a case mean."""

from dataclasses import dataclass

from nnunet_ext.report.line_styles import LineStyle, line_style
from nnunet_ext.report.planes import Role
from nnunet_ext.report.region_names import region_name
from nnunet_ext.report.review.case_view import CaseView


@dataclass(frozen=True)
class LegendEntry:
    """One kind of line: whose, how it is drawn, and in words."""

    role: Role
    style: LineStyle
    words: str


def legend(case: CaseView) -> tuple[LegendEntry, ...]:
    """List the lines of a case: only what has a mask, and of an empty one that it is."""
    return tuple(
        LegendEntry(
            role,
            line_style(role, case.regions.index(region)),
            f"{region_name(region)}, {role}{'' if filled else ': empty'}",
        )
        for (region, role), filled in case.outlines.items()
        if case.sheets
    )
