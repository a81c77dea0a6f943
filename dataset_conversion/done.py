"""Cases that an interrupted conversion had finished: trusted only where every byte of them is still there."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.dataset_conversion.convert_case import ConvertedCase, convert_case
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.quality import ClassQuality, Quality
from nnunet_ext.dataset_conversion.recipe import Recipe

DONE_FOLDER: Final = ".done"
_SCHEMA: Final = 1


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
        hashes = {str(path.relative_to(dataset.folder)): sha256(path) for path in written_files(plan, recipe, dataset)}
        write_json(record, {"key": key, "files": hashes, "converted": _content(converted)})
    return converted


def written_files(plan: PlannedCase, recipe: Recipe, dataset: RawDataset) -> Iterable[Path]:
    """Name the files that a converted case consists of."""
    target = recipe.target
    for channel in range(len(target.channels) + len(target.mask_channels)):
        yield dataset.image(plan.case, plan.split, channel)
    if any(label.annotated for label in plan.labels if label.name in dict(target.classes)):
        yield dataset.label(plan.case, plan.split)


def _key(plan: PlannedCase, recipe: Recipe) -> str:
    """Hash what decides a case's content: the recipe, and names, sizes and times of its source files."""
    files = [*plan.images, *(path for label in plan.labels for _, path in label.files)]
    stats = [(plan.source.root / file).stat() for file in files if file and (plan.source.root / file).exists()]
    content = [
        *(_SCHEMA, recipe.content(), plan.case, plan.split, plan.images, [asdict(label) for label in plan.labels]),
        [(stat.st_size, stat.st_mtime_ns) for stat in stats],
    ]
    return hashlib.sha256(json.dumps(content).encode("utf-8")).hexdigest()


def _read_record(record: Path, key: str, plan: PlannedCase, dataset: RawDataset) -> ConvertedCase | None:
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
        if content["key"] != key or any(sha256(dataset.folder / f) != digest for f, digest in content["files"].items()):
            return None
        return _converted(plan, content["converted"])
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
