"""Patients from cases and from what participants.tsv says: joined by person, each found once."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from nnunet_ext.classification.cases.found_case import FoundCase
from nnunet_ext.classification.cases.lesion_files import LesionFiles
from nnunet_ext.classification.cases.participants import CaseParticipants, Participant
from nnunet_ext.classification.cases.patient import Patient, PatientCase, PatientStatus
from nnunet_ext.classification.taxonomy import Taxonomy, UnknownDiagnosisError
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.first_few import first_few

OTHER: Final = "other"
"""What a reader said who named nothing of the taxonomy."""

_HEALTHY: Final = frozenset({"healthy", "healthy control", "control", "controls", "hc", "normal", "volunteer"})
_SHOWN: Final = 5
_POOL: Final = "pool"
_Rows = Sequence[tuple[str, Participant]]


def find_patients(
    cases: Sequence[FoundCase],
    participants: Mapping[str, CaseParticipants],
    taxonomy: Taxonomy,
    lesions: LesionFiles,
    others: Collection[str] = (),
) -> list[Patient]:
    """Join cases and participants to patients.

    Parameters
    ----------
    cases
        Of one or more datasets, in any order; with those that were left out.
    participants
        For each dataset's name its table; under the empty name one that all other datasets share.
    taxonomy
        What diagnoses there are.
    lesions
        The lesion masks that were found for the cases.
    others
        Diagnoses outside the taxonomy whose patients are left out knowingly, whatever their case. Words for healthy
        people always are.

    Returns
    -------
    list of Patient
        Sorted by person: everybody who has a case or stands in a table, once.

    Raises
    ------
    DataRefusedError
        Where a diagnosis is unknown, or one person has two diagnoses, sexes or splits; all of them by name.
    """
    by_person: dict[str, list[FoundCase]] = defaultdict(list)
    for case in sorted(cases, key=lambda case: (case.dataset, case.subject, case.case)):
        by_person[case.person].append(case)
    person_of = {(case.dataset, case.subject): case.person for case in cases}
    rows: dict[str, dict[str, Participant]] = defaultdict(dict)
    for dataset, subject, said in _said(participants, {case.dataset for case in cases}, set(person_of)):
        whose = "/".join(filter(None, [dataset, subject]))
        rows[person_of.get((dataset, subject), whose)][whose] = said
    reader = _Reading(taxonomy, others)
    join = _Join(reader, lesions)
    people = sorted({*by_person, *rows})
    patients = [join.patient(person, by_person.get(person, []), sorted(rows[person].items())) for person in people]
    _refuse(reader.unknown, "diagnoses of the taxonomy were needed")
    _refuse(join.torn, "one answer for each person was needed")
    return patients


def _said(
    participants: Mapping[str, CaseParticipants], datasets: set[str], found: Collection[tuple[str, str]]
) -> list[tuple[str, str, Participant]]:
    """List the participants with their dataset; those of a shared table belong to the datasets that have them."""
    said = []
    for name, table in participants.items():
        for subject, one in table.of_subject.items():
            sharing = sorted(dataset for dataset in datasets - set(participants) if (dataset, subject) in found)
            said += [(dataset, subject, one) for dataset in ([name] if name else sharing or [""])]
    return said


def _refuse(problems: Sequence[str], needed: str) -> None:
    if problems:
        raise DataRefusedError(f"{needed}, found {first_few(problems, _SHOWN)}; mend participants.tsv")


class _Reading:
    """Reads diagnoses as people wrote them, and collects those that it does not know."""

    def __init__(self, taxonomy: Taxonomy, others: Collection[str]) -> None:
        self._taxonomy = taxonomy
        self._others = {" ".join(text.casefold().split()) for text in others} | _HEALTHY
        self.unknown: list[str] = []

    def diagnosis(self, text: str, whose: str) -> str:
        """Give the diagnosis; `OTHER` where it is known to be none of the taxonomy's, or is unknown."""
        if " ".join(text.casefold().split()) in self._others:
            return OTHER
        try:
            return self._taxonomy.diagnosis_of(text)
        except UnknownDiagnosisError as error:
            self.unknown.append(f"{whose}: {error}")
            return OTHER

    def opinion(self, text: str, whose: str) -> str:
        """Give what a reader named, who may have stopped at a decision."""
        plain = text.strip().casefold()
        node = next((name for name in self._taxonomy.decisions if name.casefold() == plain), None)
        return node if node is not None else self.diagnosis(text, whose)


class _Join:
    """Makes patients, and collects those who are torn between two answers."""

    def __init__(self, reading: _Reading, lesions: LesionFiles) -> None:
        self._reading, self._lesions = reading, lesions
        self.torn: list[str] = []

    def patient(self, person: str, cases: Sequence[FoundCase], rows: _Rows) -> Patient:
        """Join one person's cases, sorted, and rows of tables, sorted by `dataset/subject`."""
        said = [(whose, text) for whose, row in rows for text in row.diagnoses]
        said = said or [(f"{case.dataset}/{case.subject}", case.pathology) for case in cases if case.pathology]
        diagnosis = self._one(
            person, "diagnosis", [(whose, self._reading.diagnosis(text, whose)) for whose, text in said]
        )
        sites = [case.site for case in cases if case.site] or [row.site for _, row in rows if row.site]
        splits = [(case.case, case.split) for case in cases if case.split and not case.reason]
        drawn = [(case, split) for case, split in splits if split != _POOL]  # an image without a label is in the pool
        own = tuple(self._case(case) for case in cases)
        status, reason = _status(own, diagnosis, said[0][1] if said else "")
        several = ", ".join(dict.fromkeys(sites)) if len(set(sites)) > 1 else ""
        return Patient(
            person=person,
            status=status,
            reason=reason,
            diagnosis="" if diagnosis == OTHER else diagnosis,
            said=said[0][1] if said else "",
            site=sites[0] if sites else "",
            split=self._one(person, "split", drawn or splits),
            age=min((row.age for _, row in rows if row.age is not None), default=None),
            sex=self._one(person, "sex", [(whose, row.sex) for whose, row in rows if row.sex]),
            readers=self._opinions(person, rows),
            cases=own,
            notes=(f"images of several sites, {several}: counted for the first",) if several else (),
        )

    def _opinions(self, person: str, rows: _Rows) -> dict[str, str]:
        answers: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for whose, row in rows:
            for name, text in row.readers.items():
                answers[name].append((whose, self._reading.opinion(text, f"{whose}, {name}")))
        return {name: self._one(person, name, given) for name, given in sorted(answers.items())}

    def _one(self, person: str, what: str, answers: Sequence[tuple[str, str]]) -> str:
        """Give the one answer; empty where there is none."""
        first = dict(reversed([(answer, whose) for whose, answer in answers]))
        if len(first) > 1:
            shown = " and ".join(f"{answer} ({whose})" for answer, whose in sorted(first.items()))
            advice = (
                "; if they are several people, name them in a column person" if len(set(first.values())) > 1 else ""
            )
            self.torn.append(f"{person}, {what}: {shown}{advice}")
        return next((answer for _, answer in answers), "")

    def _case(self, case: FoundCase) -> PatientCase:
        lesion = self._lesions.of_case.get(case.case)
        problem = case.reason or self._lesions.problems.get(case.case, "" if lesion else "no lesion mask was found")
        return PatientCase(case.case, case.subject, case.images, lesion, problem)


def _status(cases: Sequence[PatientCase], diagnosis: str, said: str) -> tuple[PatientStatus, str]:
    if not cases:
        return PatientStatus.SKIP, "no image was found"
    if all(case.problem for case in cases):
        return PatientStatus.SKIP, "; ".join(dict.fromkeys(case.problem for case in cases))
    if diagnosis == OTHER:
        return PatientStatus.SKIP, f"{said}: none of the taxonomy's diagnoses"
    if not diagnosis:
        return PatientStatus.PREDICT, "no diagnosis: for prediction only"
    return PatientStatus.INCLUDE, ""
