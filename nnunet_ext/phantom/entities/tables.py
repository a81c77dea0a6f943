"""Texts and tables of a dataset of the four entities."""

from collections.abc import Sequence
from typing import Any, Final

from nnunet_ext.phantom.entities.entity import Entity
from nnunet_ext.phantom.entities.figures import Sign
from nnunet_ext.phantom.entities.patient import Person

DRAWN: Final = "drawn.tsv"
"""What was drawn of each patient: the answers, for tests of tools rather than for the tools."""

README: Final = """Synthetic spinal-cord MRI of four diseases
==========================================

Every image and mask here was computed from a random number; nobody was scanned. Patients have an astrocytoma, an
ependymoma, multiple sclerosis (MS) or a neuromyelitis optica spectrum disorder (NMOSD), drawn with the figures of Zhuo
et al. 2022 and with the common teaching, and as hard to tell apart as there: no classifier can be always right.
Masks: the spinal cord with its lesions, and the lesions alone.
participants.tsv has the true diagnosis and those of three readers, who err, and err together where a case is hard.
drawn.tsv has what was drawn of each patient before anything was painted: use it to test a tool, not to train it.
"""

_DIAGNOSES: Final = {
    Entity.ASTROCYTOMA.value: "astrocytoma",
    Entity.EPENDYMOMA.value: "ependymoma",
    Entity.MS.value: "multiple sclerosis",
    Entity.NMOSD.value: "neuromyelitis optica spectrum disorder",
}

COLUMNS: Final[dict[str, dict[str, Any]]] = {
    "age": {"Description": "Age at the first visit", "Units": "years"},
    "sex": {"Description": "Sex", "Levels": {"F": "female", "M": "male"}},
    "site": {"Description": "Synthetic imaging site"},
    "diagnosis": {"Description": "What the patient suffers from", "Levels": _DIAGNOSES},
    **{
        f"reader_{number}": {"Description": f"What reader {number} takes it for", "Levels": _DIAGNOSES}
        for number in (1, 2, 3)
    },
}
"""participants.json; its keys are the columns of participants.tsv after `participant_id`."""

_DRAWN_COLUMNS: Final = (
    *("region", "top_level", "bottom_level", "lesions", "vertebrae", "volume_ml", "enhances", "gadolinium"),
    *("doubt_kind", "doubt_within", *(sign.value.replace(" ", "_") for sign in Sign)),
)


def participants_table(people: Sequence[Person]) -> str:
    """Write participants.tsv."""
    rows = [["participant_id", *COLUMNS]]
    for person in people:
        case = person.case
        rows.append([person.participant_id, str(case.age), case.sex, person.site.name, case.entity, *case.readers])
    return _tsv(rows)


def drawn_table(people: Sequence[Person]) -> str:
    """Write drawn.tsv: levels as in `phantom.levels`, shares from 0 to 1, and 1 for yes."""
    rows = [["participant_id", *_DRAWN_COLUMNS]]
    for person in people:
        case = person.case
        values = [case.lesions[0].top, case.lesions[-1].bottom, len(case.lesions), case.vertebrae, case.volume_ml]
        flags = [int(case.enhances), int(case.gadolinium)]
        doubts = [case.doubt_kind, case.doubt_within]
        signs = [int(sign in case.signs) for sign in Sign]
        numbers = [f"{value:.6g}" for value in (*values, *flags, *doubts, *signs)]
        rows.append([person.participant_id, case.region.label, *numbers])
    return _tsv(rows)


def _tsv(rows: Sequence[Sequence[str]]) -> str:
    return "".join("\t".join(row) + "\n" for row in rows)
