"""The quality-control page of a conversion, `qc.html`, put together from the dataset's own tables and images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.dataset_files.description import QUALITY, RECORD
from nnunet_ext.core.dataset_files.fingerprint import fingerprint
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.tables import NOTHING, Row
from nnunet_ext.core.target import Target, parse_target
from nnunet_ext.core.workers import Progress, run_all
from nnunet_ext.dataset_conversion.cases_table import read_cases
from nnunet_ext.dataset_conversion.quality_table import quality_columns
from nnunet_ext.dataset_conversion.resample import resample_identity
from nnunet_ext.dataset_conversion.source import Source
from nnunet_ext.report.conversion_content import ConversionContent, QualityEntry, SkippedImage
from nnunet_ext.report.conversion_page import render_conversion_page
from nnunet_ext.report.registration_figure import registration_figure
from nnunet_ext.report.thumbnail import thumbnail

PAGE: Final = "qc.html"
MOST_UNUSUAL: Final = 200
MOST_REGISTRATIONS: Final = 40

_ABOUT_THE_CASE: Final = frozenset({"case", "site", "split", "unusual"})
_REGISTERED: Final = "registered (affine)"
_NEEDED: Final = "the record of a conversion was needed"


@dataclass(frozen=True)
class _Picture:
    """What the pictures of a case are made from; `sources` are the images of further channels before registration."""

    case: str
    split: str
    sources: tuple[tuple[int, Path], ...]


def write_conversion_page(
    dataset: RawDataset, sources: Sequence[Source], usual_pictures: int, n_procs: int, progress: Progress
) -> Path:
    """Write the page, with pictures of the unusual cases, and of some others to compare them with.

    Parameters
    ----------
    dataset
        Finished.
    sources
        Its datasets; where a registered image is no longer there, its picture is left out.
    usual_pictures
        How many of the others get one; thousands would be too much for a browser.
    n_procs
        Processes that draw.
    progress
        Told how many pictures are drawn.
    """
    record = read_json_object(dataset.folder / RECORD, _NEEDED)
    with refuse_malformed(dataset.folder / RECORD, _NEEDED):
        target = parse_target(record["target"])
    found = read_cases(dataset.folder)
    rows = {row["case"]: row for row in found if row["status"] == "include"}
    quality = read_cases(dataset.folder, QUALITY)
    roots = {source.name: source.root for source in sources}
    pictures = _pictures(_worth_a_picture(quality, usual_pictures), rows, roots)
    made = run_all(_draw, pictures, (dataset, target), n_procs, progress)
    drawn = {picture.case: both for picture, both in zip(pictures, made, strict=True)}
    columns = [name for name in quality_columns(target.needed_classes) if name not in _ABOUT_THE_CASE]
    with refuse_malformed(dataset.folder / RECORD, _NEEDED):
        content = ConversionContent(
            title=dataset.folder.name,
            lead=_lead(len(quality), len(pictures)),
            counts={name: str(count) for name, count in record["images"].items()},
            assumptions=tuple(map(str, record["assumptions"])),
            warnings=tuple(map(str, record["warnings"])),
            columns=tuple(columns),
            columns_help={
                name: text for name, text in quality_columns(target.needed_classes).items() if name in columns
            },
            rows=tuple(
                _entry(row, rows[row["case"]], columns, *drawn.get(row["case"], (None, None))) for row in quality
            ),
            skipped=_skipped(found, record["cases"]),
            facts=_facts(record),
            fingerprint=fingerprint(dataset),
        )
    write_text(dataset.folder / PAGE, render_conversion_page(content))
    return dataset.folder / PAGE


def page_is_current(dataset: RawDataset) -> bool:
    """Tell whether the page that stands there was made from the dataset as it is now."""
    page = dataset.folder / PAGE
    return page.is_file() and f'content="{fingerprint(dataset)}"' in page.read_text(encoding="utf-8", errors="replace")


def _lead(cases: int, pictures: int) -> str:
    shown = f" Pictures of {pictures} of them; for more: --pictures." if pictures < cases else ""
    return f"{cases} cases, the most unusual first. Look at those, and at some of the others.{shown}"


def _worth_a_picture(quality: Sequence[Row], usual: int) -> list[Row]:
    """Take the unusual cases and, evenly over the sorted names, and so over the sites, some of the others."""
    odd = [row for row in quality if row["unusual"] != NOTHING]
    others = [row for row in quality if row["unusual"] == NOTHING]
    count = min(usual, len(others))
    return odd[:MOST_UNUSUAL] + [others[index * len(others) // count] for index in range(count)]


def _pictures(quality: Sequence[Row], rows: Mapping[str, Row], roots: Mapping[str, Path]) -> list[_Picture]:
    left = MOST_REGISTRATIONS
    pictures = []
    for case in (row["case"] for row in quality):
        row = rows[case]
        sources = _registered_sources(row, roots) if left else ()
        left -= bool(sources)
        pictures.append(_Picture(case, row["split"], sources))
    return pictures


def _registered_sources(row: Row, roots: Mapping[str, Path]) -> tuple[tuple[int, Path], ...]:
    if _REGISTERED not in row["geometry"] or row["missing_channels"] != NOTHING:
        return ()
    images = [roots[row["dataset"]] / image for image in row["image"].split(";")] if row["dataset"] in roots else []
    return tuple((channel, image) for channel, image in enumerate(images) if channel and image.is_file())


def _draw(picture: _Picture, dataset: RawDataset, target: Target) -> tuple[bytes, bytes | None]:
    image = read_volume(dataset.image(picture.case, picture.split))
    label = dataset.label(picture.case, picture.split)
    labels = read_mask(label).data if label.is_file() else None
    small = thumbnail(image, labels, dict(target.regions))
    for channel, source in picture.sources[:1]:
        before = resample_identity(read_volume(source), image.data.shape, image.affine, nearest=False).volume.data
        after = read_volume(dataset.image(picture.case, picture.split, channel)).data
        around = labels > 0 if labels is not None and labels.any() else None
        return small, registration_figure(image, before, after, around)
    return small, None


def _entry(
    quality: Row, row: Row, columns: Sequence[str], small: bytes | None, registration: bytes | None
) -> QualityEntry:
    return QualityEntry(
        case=row["case"],
        site=row["site"],
        split=row["split"],
        cells=tuple(quality[column] for column in columns),
        remarks=split_list(row["geometry"]) if row["geometry"] != "same grid" else (),
        unusual=split_list(quality["unusual"]),
        thumbnail=small,
        registration=registration,
    )


def _skipped(rows: Sequence[Row], contents: Sequence[Mapping[str, Any]]) -> tuple[SkippedImage, ...]:
    return tuple(
        SkippedImage(row["image"], row["reason"], refused=bool(content["refused"]))
        for row, content in zip(rows, contents, strict=True)
        if row["status"] == "skip"
    )


def _facts(record: Mapping[str, Any]) -> dict[str, str]:
    facts = {"nnunet_ext": str(record["generated_by"]["Version"]), "target": str(record["target"]["name"])}
    facts |= {f"profile of {name}": str(profile["name"]) for name, profile in record["profiles"].items()}
    for source in record["sources"]:
        if source["commit"]:
            facts[f"version of {source['name']}"] = source["commit"][:10] + (
                ", changed since" if source["dirty"] else ""
            )
    return {**facts, "seed": str(record["seed"])}
