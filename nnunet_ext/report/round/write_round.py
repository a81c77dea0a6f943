"""Writing the pages of a round."""

from pathlib import Path
from typing import Final

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.target import load_target
from nnunet_ext.core.workers import Progress
from nnunet_ext.report.review.group_content import GroupContent
from nnunet_ext.report.review.group_page import render_group
from nnunet_ext.report.round.compose_round import compose_rater, compose_round
from nnunet_ext.report.round.round_cases import round_cases
from nnunet_ext.report.round.round_tables import RoundTables

RATER_PAGE: Final = "cases.html"


def write_round(
    tables: RoundTables, rater: str | None = None, n_procs: int = 1, progress: Progress | None = None
) -> tuple[Path, GroupContent]:
    """Write `report.html` of a round or, for one rater, `cases.html` in their folder; equal tables give equal bytes.

    Parameters
    ----------
    tables
        See `read_round`.
    rater
        Whose page, of their cases alone, which tells nothing of others; empty for the one without a name, None for
        everything.
    n_procs, progress
        As for `run_all`; the page does not depend on them.

    Returns
    -------
    tuple
        The page, and what it says.

    Raises
    ------
    UsageError
        Where nobody of that name was asked.
    """
    raters = {one.rater for one in tables.given}
    if rater is not None and rater not in raters:
        known = first_few(sorted(raters - {""})) or "one without a name, whose page is that of the round"
        raise UsageError(f"--rater: one of those who were asked was needed ({known}), found {rater[:60]!r}")
    cases = round_cases(tables, rater, n_procs, progress)
    target = load_target(tables.settings.target).name
    if rater is None:
        page, content = tables.one.report, compose_round(tables, target, cases)
    else:
        page, content = tables.one.to_correct / rater / RATER_PAGE, compose_rater(tables, target, rater, cases)
    write_text(page, render_group(content))
    return page, content
