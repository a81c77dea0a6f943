"""Converting the cases of a plan; those that an interrupted run had finished only count where all their bytes do."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.cord_place import CordPlace
from nnunet_ext.core.dataset_files.fingerprint import digest_of
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.read_json import read_json
from nnunet_ext.core.workers import Progress, run_all
from nnunet_ext.dataset_conversion.convert_case import ConvertedCase, convert_case, source_digests
from nnunet_ext.dataset_conversion.plan import Plan
from nnunet_ext.dataset_conversion.plan_file import case_content
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.quality import ClassQuality, Quality

DONE_FOLDER: Final = ".done"
_SCHEMA: Final = 3


def convert_all(
    cases: Sequence[PlannedCase], plan: Plan, dataset: RawDataset, n_procs: int, progress: Progress | None
) -> list[ConvertedCase]:
    """Convert the included ones of `cases`, in several processes, and leave nothing in the folder that is not theirs.

    Parameters
    ----------
    cases
        Of the plan.
    plan
        Says how.
    dataset
        Where to write; what an interrupted run left there is used where it is whole.
    n_procs, progress
        As for `run_all`.

    Returns
    -------
    list of ConvertedCase
        What became of each case, in their order, the skipped ones included.

    Raises
    ------
    ProcessFailedError
        Where a worker was killed.
    """
    shared = replace(plan, cases=(), assumptions=(), warnings=())  # it goes to the workers with every case
    to_convert = [case for case in cases if not case.reason]
    results = run_all(convert_or_reuse, to_convert, (shared, dataset), n_procs, progress)
    done = {case.plan.case: case for case in results}
    converted = [done[case.case] if not case.reason else ConvertedCase(case) for case in cases]
    kept = [case.plan for case in converted if not case.plan.reason]
    _remove_others(dataset, {path for case in kept for path in _written_files(case, plan, dataset)})
    return converted


def convert_or_reuse(case: PlannedCase, plan: Plan, dataset: RawDataset) -> ConvertedCase:
    """Convert a case, unless an interrupted run had, from the same files and in the same way.

    What that run wrote is read again to its last byte. A record is left for the next run; `DONE_FOLDER` is to be
    removed once the dataset is whole.

    Parameters
    ----------
    case, plan, dataset
        As for `convert_case`.
    """
    record = dataset.folder / DONE_FOLDER / f"{case.case}.json"
    key = _key(case, plan)
    before = _read_record(record, key, case, dataset)
    if before is not None:
        return before
    converted = convert_case(case, plan, dataset)
    if not converted.plan.reason:
        written = _written_files(case, plan, dataset)
        hashes = {path.relative_to(dataset.folder).as_posix(): sha256(path) for path in written}
        converted = replace(converted, files=hashes)
        content = asdict(converted)
        del content["plan"]
        write_json(record, {"key": key, "converted": content})
    return converted


def _written_files(case: PlannedCase, plan: Plan, dataset: RawDataset) -> Iterable[Path]:
    """Name the files that a converted case consists of."""
    target = plan.target
    for channel in range(len(target.channels) + len(target.mask_channels)):
        yield dataset.image(case.case, case.split, channel)
    if any(label.annotated for label in case.labels if label.name in dict(target.classes)):
        yield dataset.label(case.case, case.split)


def _key(case: PlannedCase, plan: Plan) -> str:
    """Hash what decides a case's content, beside that of its source files: how, and which files they are."""
    how = {
        "profile": plan.profiles[case.source.name].content(),
        "target": plan.target.content(),
        "resample": plan.resample,
        "register": plan.register,
    }
    return digest_of([_SCHEMA, how, case.split, case_content(case)])


def _read_record(record: Path, key: str, case: PlannedCase, dataset: RawDataset) -> ConvertedCase | None:
    try:
        content = read_json(record)
        if content["key"] != key:
            return None
        done = _converted(case, content["converted"])
        whole = all(sha256(dataset.folder / name) == digest for name, digest in done.files.items())
        return done if whole and source_digests(case) == done.sources else None
    except (
        FileRefusedError,
        OSError,
        ValueError,
        KeyError,
        TypeError,
    ):
        return None  # not done, or half gone: it is converted again


def _converted(case: PlannedCase, content: dict[str, Any]) -> ConvertedCase:
    quality = content["quality"]
    lists = {name: tuple(quality[name]) for name in ("shape", "spacing", "intensities")}
    classes = {name: ClassQuality(**found) for name, found in quality["classes"].items()}
    cord = None if quality.get("cord") is None else CordPlace(**quality["cord"])
    return ConvertedCase(
        case, **{**content, "quality": Quality(**{**quality, **lists, "classes": classes, "cord": cord})}
    )


def _remove_others(dataset: RawDataset, kept: set[Path]) -> None:
    """Remove what an interrupted run, perhaps of another plan, or a refused case left half done."""
    for folder in [dataset.folder / name for name in ("imagesTr", "imagesTs", "labelsTr", "labelsTs")]:
        if folder.is_dir():
            files = set(folder.iterdir())
            for path in files - kept:
                path.unlink()
            if not files & kept:
                folder.rmdir()
