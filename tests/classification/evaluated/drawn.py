"""Folders of predictions as `classify predict` leaves them, drawn from a seed."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nnunet_ext.classification.evaluated.person_digest import person_digest
from nnunet_ext.classification.taxonomy import Taxonomy, load_taxonomy
from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.tables import table_text

TREE = load_taxonomy()
LEAVES = TREE.diagnoses


@dataclass(frozen=True)
class DrawnPatient:
    """A patient as the tables have them."""

    person: str
    diagnosis: str
    site: str = "zurich"
    age: float | None = 40.0
    sex: str = "F"
    readers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Drawn:
    """Patients, and how a classifier sees them.

    Parameters
    ----------
    skill
        How far the true diagnosis stands out, for each evidence: 0 is guessing.
    heat
        How much too sure the untempered probabilities are.
    """

    patients: Sequence[DrawnPatient]
    skill: Mapping[str, float] = field(default_factory=lambda: {"logistic": 1.5, "network": 1.0})
    seed: int = 0
    heat: float = 2.0
    recommended: str = "logistic"
    trained: Sequence[str] = ()
    masks: str = "predicted"
    channels: str = "T2w; T1w-gad"
    record: Mapping[str, Any] = field(default_factory=dict)
    tree: Taxonomy = TREE

    def probabilities(self) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
        """Give each evidence's probabilities of the diagnoses, shape (patients, diagnoses)."""
        leaves = self.tree.diagnoses
        truth = np.array([leaves.index(one.diagnosis) if one.diagnosis else 0 for one in self.patients], dtype=int)
        found = {}
        for number, (evidence, skill) in enumerate(self.skill.items()):
            rng = np.random.default_rng([self.seed, number])
            logits = rng.normal(size=(len(truth), len(leaves))) + skill * np.eye(len(leaves))[truth]
            found[evidence] = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return found

    def write(self, folder: Path) -> Path:
        """Write the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        given = self.probabilities()
        readers = sorted({name for one in self.patients for name in one.readers})
        write_text(folder / "patients.tsv", self._patients(readers))
        branches = (*self.tree.decisions[1:], *self.tree.diagnoses)
        rows = []
        for evidence, of_evidence in given.items():
            hot = of_evidence**self.heat / (of_evidence**self.heat).sum(axis=1, keepdims=True)
            for patient, row, before in zip(self.patients, of_evidence, hot, strict=True):
                for branch in branches:
                    below = [self.tree.diagnoses.index(leaf) for leaf in self.tree.below(branch)]
                    values = {"probability": float(row[below].sum()), "untempered": float(before[below].sum())}
                    rows.append(as_row({"person": patient.person, "evidence": evidence, "branch": branch, **values}))
        columns = ("person", "evidence", "branch", "probability", "untempered")
        write_text(folder / "evidence.tsv", table_text(rows, columns))
        write_text(folder / "predictions.tsv", self._predictions(given[self.recommended]))
        record = {"taxonomy": self.tree.content(), "coverage": 0.9}
        record["trained_people_sha256"] = [person_digest(name) for name in self.trained]
        write_json(folder / "classify.json", {**record, **self.record})
        return folder

    def _patients(self, readers: Sequence[str]) -> str:
        columns = (
            "person",
            "status",
            "reason",
            "diagnosis",
            "site",
            "age",
            "sex",
            *(f"reader_{name}" for name in readers),
        )
        rows = [
            as_row(
                {
                    "person": one.person,
                    "status": "include" if one.diagnosis else "predict",
                    "reason": None if one.diagnosis else "no diagnosis is known",
                    "diagnosis": one.diagnosis or None,
                    "site": one.site or None,
                    "age": one.age,
                    "sex": one.sex or None,
                    **{f"reader_{name}": one.readers.get(name) for name in readers},
                }
            )
            for one in self.patients
        ]
        return table_text(rows, columns)

    def _predictions(self, given: np.ndarray[Any, np.dtype[np.float64]]) -> str:
        rows = []
        for patient, row in zip(self.patients, given, strict=True):
            inside = [leaf for leaf, value in zip(self.tree.diagnoses, row, strict=True) if value >= 0.2]
            rows.append(
                as_row(
                    {
                        "person": patient.person,
                        "evidence": self.recommended,
                        "set": "; ".join(inside) or None,
                        "masks": self.masks,
                        "channels": self.channels,
                    }
                )
            )
        return table_text(rows, ("person", "evidence", "set", "masks", "channels"))


def cohort(
    each: int, *, seed: int = 0, readers: int = 0, change: Callable[[DrawnPatient], DrawnPatient] | None = None
) -> list[DrawnPatient]:
    """Draw as many patients of each diagnosis, at two sites, of all ages, with readers who err."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(each * len(LEAVES)):
        diagnosis = LEAVES[number % len(LEAVES)]
        said = {
            f"reader{index}": diagnosis if rng.random() < 0.75 else str(rng.choice([*LEAVES, "tumour", "other"]))
            for index in range(1, readers + 1)
        }
        patient = DrawnPatient(
            person=f"lab/sub-{number:03}",
            diagnosis=diagnosis,
            site=str(rng.choice(["zurich", "geneva"])),
            age=float(np.round(rng.uniform(8, 70), 1)),
            sex=str(rng.choice(["F", "M"])),
            readers=said,
        )
        found.append(patient if change is None else change(patient))
    return found


def read_json_file(path: Path) -> Any:  # noqa: ANN401
    """Read what was written."""
    return json.loads(path.read_text(encoding="utf-8"))
