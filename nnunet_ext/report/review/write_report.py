"""Writing all pages of a report."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.workers import Progress, run_all
from nnunet_ext.report.review.case_page import render_case
from nnunet_ext.report.review.compose import compose
from nnunet_ext.report.review.group_content import GroupContent
from nnunet_ext.report.review.group_page import render_group
from nnunet_ext.report.review.page_names import page_names
from nnunet_ext.report.review.view_case import view_case
from nnunet_ext.report.sources.gather import Gathered

GROUP_PAGE: Final = "report.html"
CASES: Final = "cases"
VIEWER_PAGE: Final = "viewer.html"
CORRECT_PAGE: Final = "correct.html"


@dataclass(frozen=True, eq=False)
class Written:
    """What was written.

    Parameters
    ----------
    content
        Of the group page.
    broken
        Cases of which a file was refused, or that were refused before.
    files
        The pages.
    """

    content: GroupContent
    broken: tuple[str, ...]
    files: tuple[Path, ...]


def report_files(gathered: Gathered) -> list[str]:
    """Name all pages that a report of these cases may have, below its folder."""
    return [GROUP_PAGE, VIEWER_PAGE, CORRECT_PAGE, *(f"{CASES}/{name}" for name in page_names(gathered.cases))]


def write_report(
    gathered: Gathered,
    out: Path,
    title: str,
    *,
    viewer: bool = False,
    n_procs: int = 1,
    progress: Progress | None = None,
) -> Written:
    """Draw all cases and write the pages into `out`, `report.html` last.

    Parameters
    ----------
    gathered
        The cases and what is known of the group.
    out, title
        Of the report.
    viewer
        Whether the pages link to `viewer.html`, which somebody else writes.
    n_procs, progress
        As for `run_all`; the pages do not depend on them.
    """
    cases = run_all(view_case, gathered.cases, (), n_procs, progress)
    both = zip(cases, gathered.cases, strict=True)
    broken = tuple(case.name for case, record in both if case.problems or record.reason)
    content = compose(title, cases, gathered.found, VIEWER_PAGE if viewer else "")
    files = []
    for index, name in enumerate(page_names(content.cases)):
        write_text(out / CASES / name, render_case(content, index))
        files.append(out / CASES / name)
    write_text(out / GROUP_PAGE, render_group(content))
    return Written(content, broken, (out / GROUP_PAGE, *files))
