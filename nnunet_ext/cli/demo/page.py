"""The demo's page: the report of everything that the verbs left."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nnunet_ext.cli.demo.single_image import SingleImage
from nnunet_ext.cli.demo.workspace import Workspace
from nnunet_ext.core.output_place import OutputPlace
from nnunet_ext.dataset_conversion.cases_table import read_cases
from nnunet_ext.report.review.write_report import report_files, write_report
from nnunet_ext.report.sources.found import Found
from nnunet_ext.report.sources.gather import Gathered, gather


def write_page(
    place: OutputPlace, work: Workspace, trainer: str, images: Sequence[SingleImage], facts: Mapping[str, str]
) -> None:
    """Write `report.html` and a page for each case into the demo's folder, which is claimed.

    `facts` are what the page tells of the run beside what the folders tell.
    """
    gathered = _gathered(work, trainer, images, facts)
    place.begin(report_files(gathered))
    write_report(gathered, work.root, place.title)
    place.finish()


def _gathered(work: Workspace, trainer: str, images: Sequence[SingleImage], facts: Mapping[str, str]) -> Gathered:
    folders = [work.evaluation, work.biomarkers, work.predictions, work.fold(trainer).parent]
    single = gather([work.images], work.to_predict).cases if work.images.is_dir() else ()
    found = gather(folders)
    skipped = [(row["case"], row["reason"]) for row in read_cases(work.dataset.folder) if row["status"] == "skip"]
    skipped += [(image.case, image.refused) for image in images if image.refused]
    of_run = Found("demo", facts=facts, problems=tuple(f"{name}: {reason}" for name, reason in skipped))
    cases = tuple(sorted((*found.cases, *single), key=lambda case: case.name))
    return replace(found, cases=cases, found=(*found.found, of_run))
