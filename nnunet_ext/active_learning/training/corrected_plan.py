"""The corrected cases of a round as cases of a conversion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from nnunet_ext.active_learning.ingest.for_training import TrainingCase
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.dataset_conversion.draw_sets import Membership, Patient, draw_sets
from nnunet_ext.dataset_conversion.plan import Plan
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.splits import draw_test_patients

TEST_FRACTION: Final = 0.2
"""Of the persons of a first round, where there was no label before: as `nnunet_ext convert` has it."""

_LOOP: Final = "correction loop, round"


@dataclass(frozen=True)
class Corrections:
    """What people corrected in a round.

    Parameters
    ----------
    cases
        Those that training sees.
    root
        The loop's folder, in which the masks lie.
    number
        Of the round.
    """

    cases: Sequence[TrainingCase]
    root: Path
    number: int


def corrected_plan(
    pool: Plan,
    corrections: Corrections,
    test_from: int | None = None,
    known: Mapping[Patient, Membership] = MappingProxyType({}),
) -> Plan:
    """Take of a plan of the pool the cases that people corrected, with their masks.

    Parameters
    ----------
    pool
        Of all images of the pool, without labels.
    corrections
        Of the round.
    test_from
        Where nobody is tested on yet, the seed by which persons are drawn for that; None where all are trained on.
    known
        Sets of persons that an interrupted run settled.

    Returns
    -------
    Plan
        Of these cases alone; a channel that is a mask has what the pool's plan says.

    Raises
    ------
    DataRefusedError
        Where an image is not in the pool's folders any more, or one person alone would be trained and tested on.
    FileRefusedError
        Where a mask is not the one that was taken in.
    """
    planned = {case.case: case for case in pool.cases if not case.reason}
    if gone := sorted(one.case for one in corrections.cases if one.case not in planned):
        raise DataRefusedError(
            f"{first_few(gone)}: corrected in round {corrections.number}, and not in the pool's folders any more; put "
            "the images back where they were, and give the same command again"
        )
    labelled = [_labelled(planned[one.case], one, pool, corrections) for one in corrections.cases]
    sets = {} if test_from is None else _drawn(labelled, pool, test_from, known)
    cases = [_in_set(case, sets.get(case.patient)) for case in labelled]
    return replace(pool, cases=tuple(sorted(cases, key=lambda case: case.case)), assumptions=(), warnings=())


def added_in_round(split_by: str) -> int:
    """Read from a case's cell `split_by` in which round it was added; 0 where in none."""
    number = split_by.rpartition(_LOOP)[2].strip() if _LOOP in split_by else ""
    return int(number) if number.isdigit() else 0


def _labelled(case: PlannedCase, one: TrainingCase, pool: Plan, corrections: Corrections) -> PlannedCase:
    given = tuple(label for label in case.labels if label.name in pool.target.mask_channels)
    labels = (*given, *one.labels(pool.target, corrections.root))
    return replace(case, labels=labels, split="train", split_by=f"{_LOOP} {corrections.number}")


def _in_set(case: PlannedCase, member: Membership | None) -> PlannedCase:
    if member is None:
        return case
    return replace(case, split=member.set_name, split_by=f"{member.by}; {case.split_by}")


def _drawn(
    cases: Sequence[PlannedCase], pool: Plan, seed: int, known: Mapping[Patient, Membership]
) -> Mapping[Patient, Membership]:
    """Draw site by site as a conversion does; where that leaves nobody to train on, over all sites as one."""
    sites = {case.patient: case.site for case in cases}
    if len(sites) < 2:
        raise DataRefusedError(
            f"corrections of two patients at least were needed, one to train and one to test on, found {len(sites)}; "
            "correct more of what was given out, and take it in: nnunet_ext active ingest"
        )
    rules = {name: profile.sites for name, profile in pool.profiles.items()}
    drawn = draw_sets(cases, rules, TEST_FRACTION, seed, known=known)
    if {member.set_name for member in drawn.values()} == {"train", "test"}:
        return drawn
    tested = draw_test_patients(dict.fromkeys(sites, ""), TEST_FRACTION, seed)
    by = f"drawn with seed {seed} over all sites"
    return {person: Membership("test" if person in tested else "train", by) for person in sites}
