"""Reading a folder that `classify predict` left."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from nnunet_ext.classification.evaluated.predictions import (
    ClassifierFacts,
    OfBranches,
    PredictedPatient,
    Predictions,
)
from nnunet_ext.classification.evaluated.read_probabilities import read_probabilities
from nnunet_ext.classification.evaluated.reader_answers import NO_ANSWER
from nnunet_ext.classification.taxonomy import Taxonomy, parse_taxonomy
from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.other_folder import did_you_mean
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.tables import TableRow, filled, read_table

_RECORD: Final = "classify.json"
_PATIENTS: Final = "patients.tsv"
_DECIDED: Final = "predictions.tsv"
_EVIDENCE: Final = "evidence.tsv"
_FILES: Final = (_RECORD, _PATIENTS, _DECIDED, _EVIDENCE)
_READER: Final = "reader_"
_NEEDED: Final = f"what nnunet_ext classify predict writes ({', '.join(_FILES)}) was needed"

_LOG: Final = logging.getLogger(__name__)


def read_predictions(folder: Path) -> Predictions:
    """Read what a classifier said of patients, and what is true of them.

    Parameters
    ----------
    folder
        With `patients.tsv` (person, diagnosis, site, age, sex, `reader_NAME`), `evidence.tsv` (person, evidence,
        branch, probability, and `untempered` where it is written), `predictions.tsv` (person, evidence, set, masks,
        channels) and `classify.json` (`taxonomy`; where they are written `coverage`, `thresholds` and
        `trained_people_sha256`).

    Raises
    ------
    DataRefusedError
        Where a file is missing or damaged, a patient stands there twice, a diagnosis is none of the taxonomy's,
        probabilities are none, or no patient has both a diagnosis and probabilities.
    """
    if missing := [name for name in _FILES if not (folder / name).is_file()]:
        meant = did_you_mean(folder, lambda other: all((other / name).is_file() for name in _FILES))
        raise DataRefusedError(f"{folder}: {_NEEDED}, found no {' and no '.join(missing)}{meant}")
    record = read_json_object(folder / _RECORD, _NEEDED)
    with refuse_malformed(folder / _RECORD, "the taxonomy that was predicted by was needed"):
        taxonomy = parse_taxonomy(record["taxonomy"])
    given = read_probabilities(folder / _EVIDENCE, taxonomy)
    said = _once(read_table(folder / _DECIDED, ("person", "evidence", "set")))
    known = _once(read_table(folder / _PATIENTS, ("person", "diagnosis", "site", "age", "sex")))
    _refuse_strangers(folder, known, {_DECIDED: said, _EVIDENCE: given.tempered})
    patients, left_out = [], []
    for person, row in known.items():
        reason = _reason(row, said.get(person), given.evidences, given.tempered.get(person, {}))
        if reason:
            left_out.append((person, reason))
            continue
        both = given.tempered[person], given.untempered.get(person, {})
        patients.append(_patient(taxonomy, row, said[person], *both))
    if not patients:
        why = first_few(list(dict.fromkeys(reason for _, reason in left_out))) or "no patient at all"
        raise DataRefusedError(
            f"{folder}: patients with a diagnosis and probabilities were needed, found none: {why}; give "
            "participants.tsv a column diagnosis, and predict again"
        )
    facts = _facts(folder, record, taxonomy, given.evidences, list(said.values()))
    return Predictions(facts, tuple(patients), tuple(left_out), _trained(folder, record))


def _once(rows: Sequence[TableRow]) -> dict[str, TableRow]:
    found: dict[str, TableRow] = {}
    for row in rows:
        person = filled(row, "person")
        if not person:
            raise row.refused("a person was needed, found none")
        if person in found:
            raise row.refused(f"one row a patient was needed, found {person} in line {found[person].line}, too")
        found[person] = row
    return found


def _refuse_strangers(folder: Path, known: Mapping[str, TableRow], others: Mapping[str, Mapping[str, Any]]) -> None:
    for name, people in others.items():
        if strangers := sorted(set(people) - set(known)):
            raise FileRefusedError(
                folder / name, f"patients of {_PATIENTS} were needed, found {first_few(strangers)}; predict again"
            )


def _reason(row: TableRow, said: TableRow | None, evidences: Sequence[str], given: OfBranches) -> str:
    """Say why a patient cannot be judged; empty where he can."""
    if not filled(row, "diagnosis"):
        return filled(row, "reason") or "no diagnosis is known"
    without = [evidence for evidence in evidences if evidence not in given]
    if said is None or without:
        return f"no probabilities by {', '.join(without)}" if without else f"no row in {_DECIDED}"
    return ""


def _patient(
    taxonomy: Taxonomy, row: TableRow, said: TableRow, probabilities: OfBranches, untempered: OfBranches
) -> PredictedPatient:
    diagnosis = row["diagnosis"]
    if diagnosis not in taxonomy.diagnoses:
        raise row.refused(f"one of {', '.join(taxonomy.diagnoses)} was needed as diagnosis, found {diagnosis!r}")
    possible = frozenset(split_list(said["set"]))
    if strange := sorted(possible - set(taxonomy.diagnoses)):
        raise said.refused(f"a set of {', '.join(taxonomy.diagnoses)} was needed, found {first_few(strange)}")
    answers = {column.removeprefix(_READER): filled(row, column) for column in row if column.startswith(_READER)}
    for reader, answer in answers.items():
        if answer and answer not in (*taxonomy.diagnoses, *taxonomy.decisions[1:], NO_ANSWER):
            raise row.refused(f"a diagnosis or decision of {taxonomy.name} was needed of {reader}, found {answer!r}")
    return PredictedPatient(
        person=row["person"],
        diagnosis=diagnosis,
        site=filled(row, "site"),
        age=row.number("age"),
        sex=filled(row, "sex"),
        readers={reader: answer for reader, answer in answers.items() if answer},
        probabilities=probabilities,
        untempered=untempered,
        possible=possible,
        masks=filled(said, "masks"),
        channels=split_list(said.get("channels", "")),
    )


def _facts(
    folder: Path, record: Mapping[str, Any], taxonomy: Taxonomy, evidences: tuple[str, ...], said: Sequence[TableRow]
) -> ClassifierFacts:
    recommended = {row["evidence"] for row in said}
    if len(recommended) != 1 or not recommended <= set(evidences):
        found = f"one evidence of {', '.join(evidences)} was needed, found {', '.join(sorted(recommended)) or 'none'}"
        raise FileRefusedError(folder / _DECIDED, f"{found}; predict again")
    with refuse_malformed(folder / _RECORD, "a coverage and thresholds between 0 and 1 were needed"):
        coverage = record.get("coverage")
        thresholds = {
            evidence: {node: _share(value) for node, value in of_nodes.items()}
            for evidence, of_nodes in record.get("thresholds", {}).items()
        }
        asked = None if coverage is None else _share(coverage)
    return ClassifierFacts(taxonomy, evidences, recommended.pop(), asked, thresholds)


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(repr(value))
    return float(value)


def _trained(folder: Path, record: Mapping[str, Any]) -> frozenset[str]:
    digests = record.get("trained_people_sha256", [])
    if not isinstance(digests, list) or not all(isinstance(one, str) for one in digests):
        raise FileRefusedError(folder / _RECORD, "a list of digests was needed as trained_people_sha256; predict again")
    if not digests:
        _LOG.info("%s: does not say who trained the classifier: nobody looks for them among the tested", folder)
    return frozenset(digests)
