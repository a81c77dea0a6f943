"""Which patients are trained on and which are tested on: each patient in one set, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.profile import SiteRules
from nnunet_ext.dataset_conversion.splits import draw_test_patients

Patient = tuple[str, str]
"""Dataset and subject."""


@dataclass(frozen=True)
class Membership:
    """The set that a patient is in, and what put it there."""

    set_name: Literal["train", "test"]
    by: str


@dataclass(frozen=True)
class GivenSets:
    """Sets that are not drawn.

    Parameters
    ----------
    split
        The set of each patient that a split file names; None where there is none.
    known
        Of the patients that an existing dataset has.
    """

    split: Mapping[Patient, str] | None = None
    known: Mapping[Patient, Membership] = field(default_factory=lambda: MappingProxyType({}))


def draw_sets(
    cases: Sequence[PlannedCase], rules: Mapping[str, SiteRules], given: GivenSets, fraction: float, seed: int
) -> dict[Patient, Membership]:
    """Put every patient of the included cases into one set.

    What an existing dataset has stays as it is; then the rules for sites count, then a given split; the rest is drawn
    site by site.

    Parameters
    ----------
    cases
        The included ones, labelled.
    rules
        For each dataset its rules for sites.
    given
        Sets that are not drawn.
    fraction, seed
        See `draw_test_patients`.

    Raises
    ------
    DataRefusedError
        Where a given split contradicts an existing dataset or a rule for a site.
    """
    sites = {case.patient: case.site for case in cases}
    settled = {patient: given.known[patient] for patient in sites if patient in given.known}
    for case in cases:
        # Without a table the site is the dataset's name, which may have been given anew on the command line.
        names = {case.site, case.source.root.name} if case.site == case.source.name else {case.site}
        rule = _rule(names, rules[case.source.name])
        if rule is not None:
            settled.setdefault(case.patient, rule)
    if given.split is not None:
        _refuse_contradictions(settled, given.split)
        left = {patient: given.split[patient] for patient in sites if patient in given.split and patient not in settled}
        return settled | {
            patient: Membership("test" if name == "test" else "train", "split file") for patient, name in left.items()
        }
    open_sites = {patient: site for patient, site in sites.items() if patient not in settled}
    drawn = draw_test_patients(open_sites, fraction, seed)
    by = f"drawn with seed {seed}"
    return settled | {patient: Membership("test" if patient in drawn else "train", by) for patient in open_sites}


def _rule(site: set[str], rules: SiteRules) -> Membership | None:
    if site & set(rules.external):
        return Membership("test", "external site")
    if site & set(rules.test_only):
        return Membership("test", "test-only site")
    if site & set(rules.train_only):
        return Membership("train", "train-only site")
    return None


def _refuse_contradictions(settled: Mapping[Patient, Membership], split: Mapping[Patient, str]) -> None:
    for patient, member in sorted(settled.items()):
        wanted = split.get(patient, member.set_name)
        if ("test" if wanted == "test" else "train") != member.set_name:
            raise DataRefusedError(
                f"{patient[1]} of {patient[0]} belongs to {member.set_name} ({member.by}), and the split file puts it "
                f"into {wanted}; change one of them"
            )
