"""The page of a classifier's evaluation: content in, one self-contained HTML text out."""

from dataclasses import dataclass

from nnunet_ext.report.agreement_page import AgreementContent
from nnunet_ext.report.rendering import page_environment


@dataclass(frozen=True)
class Headline:
    """A figure that stands large at the top: what it is of, the figure, and what it rests on."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class ClassificationContent(AgreementContent):
    """What the page says, in plain values; `problems` are what makes the figures too good, and what else to know."""

    headlines: tuple[Headline, ...] = ()


def render_classification_page(content: ClassificationContent) -> str:
    """Render the page, the same for the same content; it opens offline and can be passed on."""
    return page_environment().get_template("classification.html.j2").render(content=content)
