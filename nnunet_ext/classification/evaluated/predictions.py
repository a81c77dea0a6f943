"""Patients with what was predicted of them, and what is true."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from nnunet_ext.classification.taxonomy import Taxonomy

OfBranches = Mapping[str, Mapping[str, float]]
"""Evidence, then branch, to the branch's probability."""


@dataclass(frozen=True)
class PredictedPatient:
    """A patient whose diagnosis is known.

    Parameters
    ----------
    person, site, sex
        Empty where they are not known.
    diagnosis
        Leaf of the taxonomy.
    age
        Years; None where it is not known.
    readers
        Reader to what was said: a diagnosis, a decision such as `tumour`, or `other`.
    probabilities, untempered
        Of each evidence, down the tree: those that are tempered, and those before that; the latter empty where they
        were not written.
    possible
        The conformal set: the diagnoses that could not be left out.
    masks, channels
        Whether lesion masks were predicted or manual, and which images there were; empty where it is not said.
    """

    person: str
    diagnosis: str
    site: str
    age: float | None
    sex: str
    readers: Mapping[str, str]
    probabilities: OfBranches
    untempered: OfBranches
    possible: frozenset[str]
    masks: str = ""
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClassifierFacts:
    """What is said of the classifier that predicted.

    Parameters
    ----------
    taxonomy
        Its tree.
    evidences
        What it rests on, the simplest first.
    recommended
        The evidence that is recommended.
    coverage
        That of the conformal sets, as it was asked for; None where it is not said.
    thresholds
        Evidence, then node of two branches, to the probability from which the first is taken; 0.5 where none is named.
    """

    taxonomy: Taxonomy
    evidences: tuple[str, ...]
    recommended: str
    coverage: float | None = None
    thresholds: OfBranches = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Predictions:
    """What a classifier said of patients.

    Parameters
    ----------
    classifier
        Which.
    patients
        Those whose diagnosis is known and of whom every evidence says something.
    left_out
        Everybody else, with the reason.
    trained
        Digests of the people who trained the classifier, see `person_digest`; empty where they are not named.
    """

    classifier: ClassifierFacts
    patients: tuple[PredictedPatient, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    trained: frozenset[str] = frozenset()
