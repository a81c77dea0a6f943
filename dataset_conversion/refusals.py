"""What a conversion is refused for before anything is read."""

from collections.abc import Sequence

from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.dataset_conversion.existing import Existing
from nnunet_ext.dataset_conversion.plan import Plan
from nnunet_ext.dataset_conversion.planned_case import PlannedCase


def refuse_inside_sources(dataset: RawDataset, plan: Plan) -> None:
    """Refuse a dataset that would stand inside one of its sources.

    Raises
    ------
    UsageError
        Naming the source.
    """
    target = dataset.folder.resolve()
    for source in {case.source for case in plan.cases}:
        if target.is_relative_to(source.root):
            raise UsageError(
                f"{dataset.folder}: would be written inside its own source {source.root}, which is only "
                f'ever read; choose another place: eval "$(nnunet_ext env --root DIR)"'
            )


def prove_patients_apart(cases: Sequence[PlannedCase], existing: Existing | None) -> None:
    """Make sure that no patient is trained on, or in the pool, and tested on.

    Parameters
    ----------
    cases
        To be converted.
    existing
        What they are added to; None where that is nothing.

    Raises
    ------
    DataRefusedError
        Naming the first patients.
    """
    old = existing.known if existing is not None else {}
    tested = {patient for patient, member in old.items() if member.set_name == "test"}
    tested |= {case.patient for case in cases if case.split == "test"}
    others = {patient for patient, member in old.items() if member.set_name == "train"}
    others |= {case.patient for case in cases if case.split in ("train", "pool") and case.labels}
    if shared := sorted(tested & others):
        listed = ", ".join(f"{subject} of {name}" for name, subject in shared[:5])
        raise DataRefusedError(
            f"each patient is in one set; both trained and tested on: {listed}; mend the plan's splits"
        )
