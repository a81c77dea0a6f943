"""One case of many, read, measured and written by itself."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.cord_place import cord_place
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.grid import on_grid
from nnunet_ext.core.names import strip_ending
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.nifti_write import write_image
from nnunet_ext.core.volume import Array, Volume
from nnunet_ext.evaluation.biomarkers.find_cases import CaseInput
from nnunet_ext.evaluation.biomarkers.instance_file import instance_file
from nnunet_ext.evaluation.biomarkers.intensity import Intensity, intensities, sums
from nnunet_ext.evaluation.biomarkers.lesion_biomarkers import CaseBiomarkers
from nnunet_ext.evaluation.biomarkers.measure_case import measure_case
from nnunet_ext.evaluation.biomarkers.measured_case import CaseStatus, MeasuredCase, MeasuredLesion
from nnunet_ext.evaluation.biomarkers.read_masks import WHOSE_GRID, LesionMasks, read_masks, read_probability
from nnunet_ext.evaluation.biomarkers.sct_table import sct_file, sct_table
from nnunet_ext.evaluation.biomarkers.totals import case_totals
from nnunet_ext.evaluation.biomarkers.value_ranges import lesion_intervals

THRESHOLDS: Final = (0.3, 0.5, 0.7)
"""At these a probability map is measured again, for the intervals."""

_ROUGH: Final = (
    "the cord is so uneven, and the image so much longer, that SCT's spline through it did not settle: lengths, widths "
    "and bridges may be far off, corrected ones are not"
)


@dataclass(frozen=True)
class Settings:
    """How all cases are measured.

    Parameters
    ----------
    out
        Output folder.
    threshold
        Above it a voxel of a soft mask counts.
    nli_slice
        Level of injury for every case; None for none.
    nli_slices
        Level of injury by case; it wins over the former.
    soft
        Whether soft masks are announced, see `read_region`.
    """

    out: Path
    threshold: float = 0.5
    nli_slice: int | None = None
    nli_slices: tuple[tuple[str, int], ...] = ()
    soft: bool = False

    def level(self, case: str) -> int | None:
        """Give the level of injury of a case; None where none is known."""
        return dict(self.nli_slices).get(case, self.nli_slice)


def measure_one(files: CaseInput, settings: Settings) -> MeasuredCase:
    """Measure a case of `find_cases`, and write the image of its lesions' numbers and a table with SCT's names.

    Whatever is wrong with its data becomes its reason, and does not stop other cases.
    """
    if files.reason:
        return MeasuredCase(files.case, CaseStatus.REFUSED, files.reason)
    try:
        return _measure(files, settings)
    except FileRefusedError as error:
        return MeasuredCase(files.case, CaseStatus.REFUSED, f"{error.path.name}: {error.reason}")
    except DataRefusedError as error:
        return MeasuredCase(files.case, CaseStatus.REFUSED, str(error))


def _measure(files: CaseInput, settings: Settings) -> MeasuredCase:
    masks = read_masks(files.lesion, files.cord, settings.threshold, files.labels, soft=settings.soft)
    level = settings.level(files.case) if masks.cord is not None else None
    case = measure_case(masks.lesion, masks.cord, level)
    soft = masks.soft
    if files.probability is not None:
        soft = on_grid(read_probability(files.probability), masks.lesion, files.probability, WHOSE_GRID)[0].data
    # Where other folds drew less of a lesion apart from the cord, the rest of it is still no cord.
    masks = replace(masks, cord=case.cord, notes=(*masks.notes, *_of_cord(masks.cord, case)))
    variants, source = _variants(files, masks, soft, level, settings)
    shown, notes, image = _intensities(files, case, masks.lesion)
    voxel = masks.lesion.voxel_volume_mm3
    soft_sums = {} if soft is None else {at: value * voxel for at, value in sums(case.within, soft).items()}
    intervals = lesion_intervals(case, variants)
    rows = tuple(
        MeasuredLesion(row, soft_sums.get(row.lesion), shown.get(row.lesion), intervals.get(row.lesion))
        for row in case.lesions
    )
    soft_total = None
    if soft is not None:
        soft_total = float((soft if case.cord is None else soft[case.cord]).sum(dtype=np.float64)) * voxel
    no_cord = "a level of injury needs a cord mask, and there is none" if settings.level(files.case) is not None else ""
    measured = MeasuredCase(
        case=files.case,
        status=CaseStatus.MEASURED if masks.cord is not None else CaseStatus.VOLUME_ONLY,
        reason="" if masks.cord is not None else "; ".join(filter(None, ["no cord mask", no_cord])),
        notes=(*files.notes, *masks.notes, *notes, *_beside_cord(masks, image)),
        lesions=rows,
        bridges=case.bridges,
        totals=case_totals(case, variants, soft_total),
        instances=instance_file(files.case),
        interval_source=source,
        image="" if files.image is None else strip_ending(files.image.name),
    )
    smallest = np.min_scalar_type(int(case.instances.max(initial=0)))
    grid = masks.lesion
    write_image(settings.out / measured.instances, case.instances.astype(smallest), grid.affine, grid.forms)
    write_text(settings.out / sct_file(files.case), sct_table(measured))
    return measured


def _of_cord(given: Array | None, case: CaseBiomarkers) -> tuple[str, ...]:
    """Say how much of a cord mask was no cord, and whether its course is to be trusted."""
    rough = "" if case.course_settled else _ROUGH
    return tuple(filter(None, (_of_strays(given, case), rough)))


def _of_strays(given: Array | None, case: CaseBiomarkers) -> str:
    if given is None or case.cord is None:
        return ""
    gone = (given > 0) & ~case.cord
    rim = np.count_nonzero(gone & (case.instances == 0))
    if not (lesions := np.count_nonzero(gone) - rim):
        return ""
    around = f", nor are the {rim} around them" if rim else ""
    return f"{lesions} voxels of the cord mask are lesions apart from the cord, and no cord{around}"


def _variants(
    files: CaseInput, masks: LesionMasks, soft: Array | None, level: int | None, settings: Settings
) -> tuple[list[CaseBiomarkers], str]:
    """Measure the case again as other folds drew it, and at other thresholds."""
    drawn = [_fold(fold, files, masks.lesion, settings) for fold in files.folds]
    if soft is not None:
        drawn += [soft > at for at in THRESHOLDS]
    shown = ", ".join(f"{at:g}" for at in THRESHOLDS)
    sources = [f"{len(files.folds)} folds" if files.folds else "", f"thresholds {shown}" if soft is not None else ""]
    variants = [measure_case(Volume(mask, masks.lesion.affine), masks.cord, level) for mask in drawn]
    return variants, " and ".join(filter(None, sources))


def _fold(path: Path, files: CaseInput, reference: Volume, settings: Settings) -> Array:
    mask = read_masks(path, None, settings.threshold, files.labels, soft=settings.soft).lesion
    return on_grid(mask, reference, path, WHOSE_GRID)[0].data


def _intensities(
    files: CaseInput, case: CaseBiomarkers, reference: Volume
) -> tuple[dict[int, Intensity], tuple[str, ...], Array | None]:
    if files.image is None:
        return {}, (), None
    image, notes = on_grid(read_volume(files.image), reference, files.image, WHOSE_GRID)
    return intensities(case.within, image.data), tuple(f"image: {note}" for note in notes), image.data


def _beside_cord(masks: LesionMasks, image: Array | None) -> tuple[str, ...]:
    return () if masks.cord is None else cord_place(replace(masks.lesion, data=masks.cord), image).problems
