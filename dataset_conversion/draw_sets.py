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
"""Dataset and subject: of a person that has several subjects, one of them."""


@dataclass(frozen=True)
class Membership:
    """The set that a patient is in, and what put it there.

    Parameters
    ----------
    set_name, by
        The set, and what put it there.
    site
        Of a patient that an existing dataset trains or tests on: the site whose share it counts for.
    person
        Dataset and subject by which an existing dataset knows the person.
    images
        SHA-256 of each image that an existing dataset has of the patient, by its path.
    """

    set_name: Literal["train", "test"]
    by: str
    site: str = ""
    person: Patient | None = None
    images: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)


def draw_sets(
    cases: Sequence[PlannedCase],
    rules: Mapping[str, SiteRules],
    fraction: float,
    seed: int,
    *,
    split: Mapping[Patient, str] | None = None,
    known: Mapping[Patient, Membership] = MappingProxyType({}),
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
    fraction, seed
        See `draw_test_patients`.
    split
        The set of each patient that a split file names; None where there is none.
    known
        That of each patient that an existing dataset has.

    Raises
    ------
    DataRefusedError
        Where a given split contradicts an existing dataset or a rule for a site.
    """
    sites = {case.patient: case.site for case in cases}
    settled = {patient: known[patient] for patient in sites if patient in known}
    for case in cases:
        # Without a table the site is the dataset's name, which may have been given anew on the command line.
        by_name = case.site.casefold() == case.source.name.casefold()
        names = {case.site, case.source.root.name} if by_name else {case.site}
        rule = _rule({name.casefold() for name in names}, rules[case.source.name])
        if rule is not None and settled.setdefault(case.patient, rule).set_name != rule.set_name:
            _refuse_two_rules(case, settled[case.patient], rule, known)
    if split is not None:
        _refuse_contradictions(settled, split)
        left = {patient: split[patient] for patient in sites if patient in split and patient not in settled}
        return settled | {
            patient: Membership("test" if name == "test" else "train", "split file") for patient, name in left.items()
        }
    open_sites = {patient: site for patient, site in sites.items() if patient not in settled}
    # Patients of the pool that have labels now are members of their site, too.
    before = {patient: member.site or sites.get(patient, "") for patient, member in known.items()}
    tested = {patient for patient in before if known[patient].set_name == "test"}
    drawn = draw_test_patients(open_sites, fraction, seed, before, tested)
    by = f"drawn with seed {seed}"
    return settled | {patient: Membership("test" if patient in drawn else "train", by) for patient in open_sites}


def _rule(site: set[str], rules: SiteRules) -> Membership | None:
    found = (
        (rules.external, Membership("test", "external site")),
        (rules.test_only, Membership("test", "test-only site")),
        (rules.train_only, Membership("train", "train-only site")),
    )
    return next((member for names, member in found if site & set(map(str.casefold, names))), None)


def _refuse_two_rules(
    case: PlannedCase, member: Membership, rule: Membership, known: Mapping[Patient, Membership]
) -> None:
    """Refuse one person at two sites that belong to two sets; what an existing dataset has goes before all rules."""
    if case.patient not in known:
        raise DataRefusedError(
            f"{case.own[1]} of {case.own[0]} belongs to {rule.set_name} ({rule.by}), and as {case.patient[1]} of "
            f"{case.patient[0]}, the same person, to {member.set_name} ({member.by}); change the rules for sites, or "
            f"say in the profile who is one person"
        )


def _refuse_contradictions(settled: Mapping[Patient, Membership], split: Mapping[Patient, str]) -> None:
    for patient, member in sorted(settled.items()):
        wanted = split.get(patient, member.set_name)
        if ("test" if wanted == "test" else "train") != member.set_name:
            raise DataRefusedError(
                f"{patient[1]} of {patient[0]} belongs to {member.set_name} ({member.by}), and the split file puts it "
                f"into {wanted}; change one of them"
            )
