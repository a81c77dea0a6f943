"""Cases that an interrupted conversion had finished: trusted only where every byte of them is still there."""

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.dataset_files.fingerprint import digest_of
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.dataset_conversion.convert_case import ConvertedCase, convert_case, source_digests
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.quality import ClassQuality, Quality
from nnunet_ext.dataset_conversion.recipe import Recipe

DONE_FOLDER: Final = ".done"
_SCHEMA: Final = 2


def convert_or_reuse(plan: PlannedCase, recipe: Recipe, dataset: RawDataset) -> ConvertedCase:
    """Convert a case, unless an interrupted run had, from the same files and in the same way.

    What that run wrote is read again to its last byte. A record is left for the next run; `DONE_FOLDER` is to be
    removed once the dataset is whole.

    Parameters
    ----------
    plan, recipe, dataset
        As for `convert_case`.
    """
    record = dataset.folder / DONE_FOLDER / f"{plan.case}.json"
    key = _key(plan, recipe)
    before = _read_record(record, key, plan, dataset)
    if before is not None:
        return before
    converted = convert_case(plan, recipe, dataset)
    if not converted.plan.reason:
        written = written_files(plan, recipe, dataset)
        hashes = {path.relative_to(dataset.folder).as_posix(): sha256(path) for path in written}
        converted = replace(converted, files=hashes)
        write_json(record, {"key": key, "converted": _content(converted)})
    return converted


def written_files(plan: PlannedCase, recipe: Recipe, dataset: RawDataset) -> Iterable[Path]:
    """Name the files that a converted case consists of."""
    target = recipe.target
    for channel in range(len(target.channels) + len(target.mask_channels)):
        yield dataset.image(plan.case, plan.split, channel)
    if any(label.annotated for label in plan.labels if label.name in dict(target.classes)):
        yield dataset.label(plan.case, plan.split)


def _key(plan: PlannedCase, recipe: Recipe) -> str:
    """Hash what decides a case's content, beside that of its source files: the recipe, and which files they are."""
    labels = [asdict(label) for label in plan.labels]
    return digest_of([_SCHEMA, recipe.content(), plan.case, plan.split, plan.images, labels])


def _read_record(record: Path, key: str, plan: PlannedCase, dataset: RawDataset) -> ConvertedCase | None:
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
        if content["key"] != key:
            return None
        done = _converted(plan, content["converted"])
        whole = all(sha256(dataset.folder / name) == digest for name, digest in done.files.items())
        return done if whole and source_digests(plan) == done.sources else None
    except (OSError, ValueError, KeyError, TypeError):  # not done, or half gone: it is converted again
        return None


def _content(case: ConvertedCase) -> dict[str, Any]:
    content = asdict(case)
    del content["plan"]
    return content


def _converted(plan: PlannedCase, content: dict[str, Any]) -> ConvertedCase:
    quality = content["quality"]
    lists = {name: tuple(quality[name]) for name in ("shape", "spacing", "intensities")}
    classes = {name: ClassQuality(**found) for name, found in quality["classes"].items()}
    return ConvertedCase(plan, **{**content, "quality": Quality(**{**quality, **lists, "classes": classes})})
