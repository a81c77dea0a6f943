"""The page itself: content in, one self-contained HTML text out."""

from nnunet_ext.report.content import CaseEntry, ReportContent
from nnunet_ext.report.rendering import page_environment


def render_report(content: ReportContent) -> str:
    """Render the page.

    It opens offline and can be passed on: pictures stand inside, a content security policy forbids everything else,
    all text is escaped, and of a path only the file's name is left.

    Parameters
    ----------
    content
        What to say. No case at all is fine: the page then says so.

    Returns
    -------
    str
        HTML, the same for the same content.
    """
    template = page_environment().get_template("report.html.j2")
    return template.render(content=content, cases=sorted(content.cases, key=_worst_first))


def _worst_first(case: CaseEntry) -> tuple[bool, float, float, str]:
    """Order by the worst region, then by the mean of all; cases without a reference come last."""
    if case.worst_dice is None:
        return True, 0.0, 0.0, case.name
    return False, case.worst_dice, sum(row.dsc for row in case.metrics) / len(case.metrics), case.name
