"""From what is known about a case to what the pages show of it."""

from collections.abc import Mapping
from typing import Final

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.names import FIRST_CHANNEL, bids_stem, parse_image_name, strip_ending
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.raw_dataset import FILE_ENDING
from nnunet_ext.core.tables import finite_number, is_number
from nnunet_ext.core.volume import Array, Volume
from nnunet_ext.report.planes import RegionMasks
from nnunet_ext.report.rendering import shareable
from nnunet_ext.report.review.apart_sheet import apart_sheet
from nnunet_ext.report.review.case_view import CaseView
from nnunet_ext.report.review.lesion_list import list_lesions
from nnunet_ext.report.review.read_volumes import read_volumes
from nnunet_ext.report.review.sheets import case_sheets
from nnunet_ext.report.review.tile_sheet import Sheet
from nnunet_ext.report.sources.record import CaseRecord

_NAMES: Final = frozenset({"case", "site", "region", "subject", "session", "contrast", "status", "reason"})
_INNERMOST_LAST: Final = ("sc",)


def view_case(record: CaseRecord) -> CaseView:
    """Read and draw a case; without any readable file it has no picture, and says why.

    Nothing in it holds a folder of this machine.
    """
    volumes = read_volumes(record)
    uncertainty, unread = _uncertainty(record)
    problems = (*(() if volumes is None else volumes.problems), *unread)
    drawn = volumes is not None and volumes.image.data.size > 0
    regions = _ordered(volumes.regions) if volumes is not None else {}
    listed = list_lesions(record, volumes if drawn else None)
    sheets = _sheets(volumes.image, regions, listed.numbers) if volumes is not None and drawn else ()
    remarks = () if volumes is None else tuple(filter(None, (*volumes.remarks, listed.remark)))
    reason = record.reason or ("" if drawn else "; ".join(problems) or "no file of this case is known")
    values = {**_metric_values(record), **record.values, **uncertainty}
    return CaseView(
        name=record.name,
        site=record.site,
        contrast=record.contrast,
        subject=record.subject,
        session=record.session,
        file_name=_file_name(record),
        status="refused" if record.reason or not drawn else "shown",
        reason=shareable(reason),
        sheets=sheets,
        regions=tuple(regions),
        values=values,
        metrics=record.metrics,
        biomarkers=record.biomarkers,
        lesions=listed.rows,
        lesions_of=listed.source,
        suffixes=_suffixes(record),
        outlines={(name, role): bool(mask.any()) for name, of in regions.items() for role, mask in of.items()},
        warnings=tuple(shareable(text) for text in (*record.warnings, *((*problems, *remarks) if drawn else ()))),
        problems=tuple(map(shareable, problems)),
    )


def _sheets(image: Volume, regions: Mapping[str, RegionMasks], lesions: Array | None) -> tuple[Sheet, ...]:
    sheets = case_sheets(image, regions, lesions)
    shown = frozenset[int]().union(*(sheet.lesions for sheet in sheets))
    apart = apart_sheet(image, regions, shown, lesions)
    return sheets if apart is None else (*sheets, apart)


def _ordered(regions: Mapping[str, RegionMasks]) -> dict[str, RegionMasks]:
    """Put the cord first: the slices go through what comes last."""
    return dict(sorted(regions.items(), key=lambda item: item[0] not in _INNERMOST_LAST))


def _metric_values(record: CaseRecord) -> dict[str, float | None]:
    return {
        f"{row['region']} {column}": finite_number(cell)
        for row in record.metrics
        for column, cell in row.items()
        if column not in _NAMES and is_number(cell)
    }


def _uncertainty(record: CaseRecord) -> tuple[dict[str, float | None], tuple[str, ...]]:
    """Give the folds' mean standard deviation over the voxels where they disagree at all, region by region."""
    values: dict[str, float | None] = {}
    problems = []
    for region, path in record.uncertain.items():
        values[f"{region} uncertainty"] = None
        try:
            spread = read_volume(path).data
        except FileRefusedError as error:
            problems.append(f"{path.name}: {error.reason}")
            continue
        touched = spread[spread > 0]
        values[f"{region} uncertainty"] = float(touched.mean()) if touched.size else 0.0
    return values, tuple(problems)


def _suffixes(record: CaseRecord) -> dict[str, str]:
    stem = strip_ending(_file_name(record).rpartition("/")[2])
    names = {region: strip_ending(mask.path.name) for region, mask in record.prediction.items()}
    return {region: name.removeprefix(stem) if name.startswith(f"{stem}_") else "" for region, name in names.items()}


def _file_name(record: CaseRecord) -> str:
    """Name the image as SCT's lists do: within its BIDS dataset, or bare; never with a folder of this machine."""
    names = [record.name.replace("/", "_").replace("\\", "_")]
    if record.image is not None:
        names.insert(0, strip_ending(record.image.name).removesuffix(FIRST_CHANNEL))
    found = (parse_image_name(bids_stem(name)) for name in names)
    return next((f"{name.folder}/{name.stem}" for name in found if name is not None), names[0]) + FILE_ENDING
