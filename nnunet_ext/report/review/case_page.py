"""The page of one case: prediction beside reference, every metric and biomarker."""

from nnunet_ext.report.rendering import page_environment, shipped_script
from nnunet_ext.report.review.compose import biomarker_table
from nnunet_ext.report.review.group_content import GroupContent
from nnunet_ext.report.review.group_page import metric_rows
from nnunet_ext.report.review.legend import legend
from nnunet_ext.report.review.page_names import page_names

_NAMES = frozenset({"case", "site", "region", "subject", "session", "contrast", "status", "reason"})


def render_case(content: GroupContent, index: int) -> str:
    """Render the page of `content.cases[index]` as `render_group` does, with links to its neighbours."""
    case = content.cases[index]
    names = page_names(content.cases)
    columns = tuple(dict.fromkeys(column for row in case.metrics for column in row if column not in _NAMES))
    template = page_environment().get_template("case.html.j2")
    return template.render(
        content=content,
        case=case,
        number=index + 1,
        previous=names[index - 1] if index > 0 else "",
        next=names[index + 1] if index + 1 < len(names) else "",
        legend=legend(case),
        numbered=any(sheet.lesions for sheet in case.sheets),
        roles=case.roles,
        metrics=metric_rows(case, content, columns),
        biomarkers=biomarker_table(case.biomarkers, content.definitions) if case.biomarkers else None,
        script=shipped_script("case.js"),
    )
