"""The page of an agreement: content in, one self-contained HTML text out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nnunet_ext.report.rendering import page_environment
from nnunet_ext.report.section import Section


@dataclass(frozen=True)
class AgreementContent:
    """What the page says, in plain values.

    Parameters
    ----------
    title, lead
        At its top.
    findings, problems
        A sentence each.
    sections
        In their order.
    definitions
        Table to the meaning, unit and source of each column.
    facts
        How it was made.
    """

    title: str
    lead: str
    findings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    definitions: Mapping[str, Mapping[str, tuple[str, str, str]]] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


def render_agreement_page(content: AgreementContent) -> str:
    """Render the page, the same for the same content; without any section it says that nothing was compared.

    It opens offline and can be passed on: figures stand inside, a content security policy forbids everything else, all
    text is escaped, and of a path only the file's name is left.
    """
    return page_environment().get_template("agreement.html.j2").render(content=content)
