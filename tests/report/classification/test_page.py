from dataclasses import replace

from nnunet_ext.report.agreement_page import AgreementContent, render_agreement_page
from nnunet_ext.report.classification.compose_page import compose_classification_page
from nnunet_ext.report.classification.judged import Judged
from nnunet_ext.report.classification.page import ClassificationContent, render_classification_page
from tests.report.test_agreement_page import HOSTILE, Reader

ESTIMATE = {"low": "0.6", "high": "0.9", "n": "20", "method": "Wilson"}
FIGURES = ("accuracy", "sensitivity", "specificity", "ppv", "npv", "auc", "majority", "p_against_majority")
KEYS = {"node": "kind", "evidence": "logistic"}
JUDGED = Judged(
    tables={
        "figures.tsv": [
            {"table": table, **KEYS, "group": "all", "figure": figure, "value": "0.8", **ESTIMATE}
            for table in ("all", "resampled")
            for figure in FIGURES
        ],
        "confusion.tsv": [
            {"evidence": "logistic", "truth": truth, "decided": decided, "patients": "5"}
            for truth in ("A", "B")
            for decided in ("A", "B")
        ],
        "abstention.tsv": [
            {**KEYS, "figure": figure, "value": "0.75", **ESTIMATE}
            for figure in ("decided", "accuracy", "accuracy_left_out", "aurc", "excess_aurc")
        ],
    },
    questions={"kind": ("A", "B")},
    recommended="logistic",
    patients=20,
    findings=("A or B: 16 of 20 right.",),
    leaks=("a leak",),
    cautions=("a caution",),
    definitions={"figures.tsv": {"n": "Patients"}},
)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def test_the_page_says_first_what_makes_its_figures_too_good() -> None:
    text = read(render_classification_page(compose_classification_page(JUDGED))).text
    places = [text.index(words) for words in ("20 patients", "not for the care", "a leak", "a caution", "16 of 20")]
    assert places == sorted(places)
    assert "80 % [60, 90]" in text
    assert "logistic (recommended)" in text
    assert "5 (50 %)" in text


def test_the_page_reaches_for_nothing() -> None:
    found = read(render_classification_page(compose_classification_page(JUDGED)))
    assert all(address.startswith(("#", "data:image/svg+xml;base64,")) for address in found.addresses)
    assert "script" not in found.tags


def test_names_of_patients_and_sites_are_never_markup() -> None:
    leak = dict.fromkeys(
        ("kind", "node", "name", "diagnosis", "patients", "chance", "auc", "low", "high", "model_auc", "finding"), "n/a"
    )
    tables = {**JUDGED.tables, "leaks.tsv": [{**leak, "name": HOSTILE, "finding": HOSTILE}]}
    judged = replace(JUDGED, tables=tables, findings=(HOSTILE,), leaks=(HOSTILE,), facts={HOSTILE: HOSTILE})
    assert "script" not in read(render_classification_page(compose_classification_page(judged))).tags


def test_what_is_not_there_is_said() -> None:
    text = read(render_classification_page(compose_classification_page(JUDGED))).text
    assert "No reader's diagnoses are known" in text
    assert "There is no set of possible diagnoses to judge." in text
    assert "no subject to show" not in text
    assert "Nothing was judged." in read(render_classification_page(ClassificationContent("title", "lead"))).text


def test_the_page_of_an_agreement_stays_what_it_is() -> None:
    assert "Nothing was compared." in read(render_agreement_page(AgreementContent("Agreement", ""))).text
