"""Converting the cases of a plan, in several processes, going on where an interrupted run was."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.workers import Progress, run_all
from nnunet_ext.dataset_conversion.convert_case import ConvertedCase
from nnunet_ext.dataset_conversion.done import convert_or_reuse, written_files
from nnunet_ext.dataset_conversion.plan import Plan
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.recipe import Recipe


def convert_all(
    cases: Sequence[PlannedCase], plan: Plan, dataset: RawDataset, n_procs: int, progress: Progress | None
) -> list[ConvertedCase]:
    """Convert the included ones of `cases`, and leave nothing in the folder that is not theirs.

    Parameters
    ----------
    cases
        Of the plan.
    plan
        Says how.
    dataset
        Where to write; what an interrupted run left there is used where it is whole.
    n_procs
        Processes; the result does not depend on it.
    progress
        Told how far it is.

    Returns
    -------
    list of ConvertedCase
        What became of each case, in their order, the skipped ones included.

    Raises
    ------
    ProcessFailedError
        Where a worker was killed.
    """
    to_convert = [case for case in cases if not case.reason]
    recipes = {
        name: Recipe(profile, plan.target, plan.resample, plan.register) for name, profile in plan.profiles.items()
    }
    results = run_all(_convert, to_convert, (recipes, dataset), n_procs, progress)
    done = {case.plan.case: case for case in results}
    converted = [done[case.case] if not case.reason else ConvertedCase(case) for case in cases]
    kept = [case.plan for case in converted if not case.plan.reason]
    _remove_others(dataset, {path for case in kept for path in written_files(case, recipes[case.source.name], dataset)})
    return converted


def _convert(case: PlannedCase, recipes: Mapping[str, Recipe], dataset: RawDataset) -> ConvertedCase:
    return convert_or_reuse(case, recipes[case.source.name], dataset)


def _remove_others(dataset: RawDataset, kept: set[Path]) -> None:
    """Remove what an interrupted run, perhaps of another plan, or a refused case left half done."""
    for folder in [dataset.folder / name for name in ("imagesTr", "imagesTs", "labelsTr", "labelsTs")]:
        if folder.is_dir():
            files = set(folder.iterdir())
            for path in files - kept:
                path.unlink()
            if not files & kept:
                folder.rmdir()
