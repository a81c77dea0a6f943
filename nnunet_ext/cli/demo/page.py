"""The demo's report."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from nnunet_ext import __version__
from nnunet_ext.cli.demo.measure import Evaluation
from nnunet_ext.cli.demo.segment import SingleImage
from nnunet_ext.cli.demo.workspace import Workspace
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.raw_dataset import FILE_ENDING
from nnunet_ext.core.target import Target
from nnunet_ext.dataset_conversion.tables import read_cases
from nnunet_ext.evaluation.dictionary import METRICS, symbols
from nnunet_ext.evaluation.preset import SCISEG2
from nnunet_ext.report.content import CaseEntry, Headline, ReportContent, SkippedCase
from nnunet_ext.report.curves import training_figure
from nnunet_ext.report.overlay import RegionMasks, case_figure
from nnunet_ext.report.page import render_report
from nnunet_ext.report.site_table import site_table

REGION_NAMES: Final = {"sc": "cord", "lesion": "lesion"}
SINGLE: Final = "single image, no reference"


def write_report(
    work: Workspace,
    target: Target,
    evaluation: Evaluation,
    images: Sequence[SingleImage],
    *,
    trainer: str,
    measure: Callable[[], Sequence[Headline]],
    facts: Mapping[str, str],
) -> Sequence[Headline]:
    """Write `report.html` from what the steps left.

    Returns
    -------
    sequence of Headline
        What `measure` gave, which is asked last, when all pictures are drawn.
    """
    cases = read_cases(work.dataset.folder)
    skipped = [SkippedCase(case["case"], case["reason"]) for case in cases if case["status"] == "skip"]
    skipped += [SkippedCase(image.case, image.refused) for image in images if image.refused]
    entries = [_test_case(work, target, case, evaluation) for case in cases if case["split"] == "test"]
    entries += [_single_image(work, target, image) for image in images if not image.refused]
    included = [case for case in cases if case["status"] == "include"]
    headlines = measure()
    content = ReportContent(
        title="Spinal cord and lesion segmentation",
        lead=f"{len(included)} images of {len({case['site'] for case in included})} sites, "
        f"{sum(case['split'] == 'test' for case in included)} of them held out from training.",
        headlines=tuple(headlines),
        cases=tuple(entries),
        skipped=tuple(skipped),
        sites=site_table(evaluation.summary, REGION_NAMES),
        training_curve=_curve(work.fold(trainer) / "progress.tsv", target),
        definitions=tuple(METRICS),
        symbols=symbols(SCISEG2),
        facts={"nnunet_ext": __version__, **facts, "metrics preset": SCISEG2.name},
        region_names=REGION_NAMES,
    )
    write_text(work.report, render_report(content))
    return headlines


def _test_case(work: Workspace, target: Target, case: Mapping[str, str], evaluation: Evaluation) -> CaseEntry:
    name = case["case"]
    reference = target.region_masks(read_mask(work.dataset.label(name, "test")).data)
    prediction = target.region_masks(read_mask(work.predictions / f"{name}{FILE_ENDING}").data)
    masks = {region: RegionMasks(reference[region], prediction[region]) for region in reference}
    picture = case_figure(read_volume(work.dataset.image(name, "test")), masks, REGION_NAMES)
    metrics = tuple(row for row in evaluation.rows if row.case == name)
    notes = () if case["geometry"] == "same grid" else (case["geometry"],)
    return CaseEntry(name, case["site"], picture, metrics, notes)


def _single_image(work: Workspace, target: Target, image: SingleImage) -> CaseEntry:
    predicted = read_mask(work.predictions / f"{image.case}{FILE_ENDING}")
    regions = target.region_masks(predicted.data)
    shown = read_volume(work.to_predict / f"{image.case}_0000{FILE_ENDING}")
    picture = case_figure(shown, {name: RegionMasks(None, mask) for name, mask in regions.items()}, REGION_NAMES)
    volumes = (
        f"{REGION_NAMES.get(name, name)}: {mask.sum() * predicted.voxel_volume_mm3:.0f} mm³ predicted"
        for name, mask in regions.items()
    )
    return CaseEntry(image.case, SINGLE, picture, notes=tuple(volumes))


def _curve(progress: Path, target: Target) -> bytes | None:
    if not progress.is_file():
        return None
    table = pd.read_csv(progress, sep="\t")
    if table.empty:
        return None
    dice = {REGION_NAMES.get(name, name): table[f"dice_{name}"].tolist() for name, _ in target.regions}
    return training_figure(table["train_loss"].tolist(), table["val_loss"].tolist(), dice)
