"""From the tables of an evaluation to the content of its page."""

from nnunet_ext.report.classification.cells import DASH, area, percent
from nnunet_ext.report.classification.judged import Judged
from nnunet_ext.report.classification.leak_sections import leak_sections
from nnunet_ext.report.classification.model_sections import model_sections
from nnunet_ext.report.classification.page import ClassificationContent, Headline
from nnunet_ext.report.classification.patient_sections import patient_sections
from nnunet_ext.report.classification.trust_sections import trust_sections


def compose_classification_page(judged: Judged) -> ClassificationContent:
    """Compose the page: what was found and what to beware of at the top, then every table with its figures."""
    return ClassificationContent(
        title="What kind of lesion: how good the answers are",
        lead=f"{judged.patients} patients whose diagnosis is known. For research: not for the care of a patient.",
        findings=judged.findings,
        problems=(*judged.leaks, *judged.cautions),
        sections=(
            *model_sections(judged),
            *trust_sections(judged),
            *patient_sections(judged),
            *leak_sections(judged),
        ),
        definitions={
            table: {column: (meaning, "", "") for column, meaning in columns.items()}
            for table, columns in judged.definitions.items()
        },
        facts=judged.facts,
        headlines=tuple(_headline(judged, question) for question in judged.questions),
    )


def _headline(judged: Judged, question: str) -> Headline:
    found = judged.figures("figures.tsv", table="all", group="all", node=question, evidence=judged.recommended)
    share = found["accuracy"]
    value, _, ends = percent(share).partition(" [")
    if value == DASH:
        return Headline(judged.title(question), DASH, "no patient")
    hits = round(float(share["value"]) * int(share["n"]))
    note = f"{hits} of {share['n']} right [{ends}. AUC {area(found['auc'])}. Always the commonest: "
    return Headline(judged.title(question), value, note + percent(found["majority"]))
