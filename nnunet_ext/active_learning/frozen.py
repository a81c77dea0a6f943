"""What every round of a loop must have in common for its figures to be compared: who is tested on, and the plans."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.active_learning.round_state import BEGUN
from nnunet_ext.core.errors import ConflictError, UsageError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.provenance import sha256
from nnunet_ext.dataset_conversion.cases_table import person_of
from nnunet_ext.dataset_conversion.draw_sets import Patient
from nnunet_ext.dataset_conversion.existing import Existing

FROZEN: Final = "frozen"
"""The event of more that is frozen than `init` found: all of it stands in the entry."""


@dataclass(frozen=True)
class Frozen:
    """What is frozen.

    Parameters
    ----------
    persons
        Who is tested on, as `dataset/subject`, sorted.
    cases
        Their cases, sorted.
    plans
        SHA-256 of each file of plans that there was, by its name.
    """

    persons: tuple[str, ...]
    cases: tuple[str, ...]
    plans: Mapping[str, str]

    @property
    def tested(self) -> frozenset[Patient]:
        """The persons, each as dataset and subject."""
        apart = (person.partition("/") for person in self.persons)
        return frozenset((dataset, subject) for dataset, _, subject in apart)

    def content(self) -> dict[str, Any]:
        """Give it as fields of a journal's entry; `read_frozen` reads them back."""
        return asdict(self)

    def refuse_changed(self, now: "Frozen") -> None:
        """Refuse what is another test set, or other plans, than those that were frozen; more of either is none.

        Raises
        ------
        ConflictError
            Naming cases that are not tested on any more, or plans that were changed or are gone.
        """
        if lost := sorted(set(self.cases) - set(now.cases)):
            raise ConflictError(
                f"the loop is tested on {len(self.cases)} cases, as init froze them, and the dataset does not test on "
                f"{first_few(lost)} any more; put them back, or begin another loop: nnunet_ext active init"
            )
        if changed := sorted(name for name, digest in self.plans.items() if now.plans.get(name) != digest):
            raise ConflictError(
                f"the plans {first_few(changed)} were changed since init froze them, and models of different plans are "
                f"not compared; put them back, or begin another loop: nnunet_ext active init"
            )


def freeze(existing: Existing | None, plans: Iterable[Path]) -> Frozen:
    """Take what there is now.

    Parameters
    ----------
    existing
        The labelled dataset; None where there is none, and nobody is tested on.
    plans
        Files of plans, each of another name.
    """
    rows = [] if existing is None else [row for row in existing.ledger.included if row["split"] == "test"]
    return Frozen(
        persons=tuple(sorted({"/".join(person_of(row)) for row in rows})),
        cases=tuple(sorted(row["case"] for row in rows)),
        plans={file.name: sha256(file) for file in sorted(plans)},
    )


def read_frozen(rounds: Rounds) -> Frozen:
    """Read what `init` froze, or what the first training froze besides: a test set, or plans for the dataset.

    Raises
    ------
    UsageError
        Where the loop has not begun.
    FileRefusedError
        Where the journal is damaged.
    """
    entries = [one.fields for one in Journal(rounds.journal).entries() if one.event in (BEGUN, FROZEN)]
    if not entries:
        raise UsageError(
            f"{rounds.root}: a correction loop was needed, and init has not come to its end there; run: nnunet_ext "
            f"active init {rounds.root}"
        )
    last = entries[-1]
    return Frozen(tuple(last["persons"]), tuple(last["cases"]), dict(last["plans"]))
