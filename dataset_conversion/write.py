"""Writing a planned conversion: case by case, complete or not at all."""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import repeat
from multiprocessing import get_context
from typing import Any, Final

from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.errors import ConflictError, DataRefusedError, UsageError
from nnunet_ext.core.provenance import generated_by, source_version
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.dataset_conversion.convert_case import ConvertedCase, convert_case
from nnunet_ext.dataset_conversion.plan import Plan
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.splits import make_folds, patients_in_both
from nnunet_ext.dataset_conversion.tables import cases_json, cases_tsv, read_cases

SCHEMA: Final = 1
FOLDS: Final = 5

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Counts:
    """How many images met which fate: `found` is `skipped`, `refused`, `train`, `test` and `pool` together."""

    found: int
    skipped: int
    refused: int
    train: int
    test: int
    pool: int


@dataclass(frozen=True)
class Conversion:
    """A finished conversion: the folder that was written, and its counts."""

    dataset: RawDataset
    counts: Counts


def write_dataset(dataset: RawDataset, plan: Plan, *, n_procs: int = 1, progress: Progress | None = None) -> Conversion:
    """Write the dataset under a temporary name beside `dataset`, and give it its own name once it is whole.

    Parameters
    ----------
    dataset
        Where it is to stand. Where it stands already, from the same plan, nothing is done.
    plan
        From `make_plan`.
    n_procs
        Processes that convert cases; the result does not depend on it.
    progress
        Called with the number of cases done and of all cases.

    Raises
    ------
    UsageError
        Where the dataset would stand inside one of its sources.
    ConflictError
        Where another dataset stands there, or has this number.
    DataRefusedError
        Where no sound case remains, naming the first reasons.
    """
    _refuse_inside_sources(dataset, plan)
    _refuse_taken_number(dataset)
    fingerprint = _fingerprint(plan)
    if dataset.folder.exists():
        return _finished_before(dataset, fingerprint)
    unfinished = RawDataset(dataset.folder.with_name(f".{dataset.folder.name}.unfinished"))
    shutil.rmtree(unfinished.folder, ignore_errors=True)  # of an interrupted run, perhaps from another plan
    to_convert = [case for case in plan.cases if not case.reason]
    done = {}
    for position, case in enumerate(_convert_all(to_convert, plan, unfinished, n_procs), start=1):
        done[case.plan.case, case.plan.image] = case
        if progress is not None:
            progress(position, len(to_convert))
    converted = [done.get((case.case, case.image), ConvertedCase(case)) for case in plan.cases]
    counts = _count([case.plan for case in converted])
    if counts.found == counts.skipped + counts.refused:
        shutil.rmtree(unfinished.folder, ignore_errors=True)
        raise DataRefusedError(_nothing_left(converted))
    _write_tables(unfinished, converted, plan)
    write_json(unfinished.folder / "conversion.json", _record(plan, fingerprint, counts))
    unfinished.folder.replace(dataset.folder)
    return Conversion(dataset, counts)


def _count(cases: Sequence[PlannedCase]) -> Counts:
    splits = Counter(case.split for case in cases if not case.reason)
    refused = sum(case.refused for case in cases)
    skipped = sum(bool(case.reason) for case in cases) - refused
    return Counts(len(cases), skipped, refused, splits["train"], splits["test"], splits["pool"])


def _convert_all(
    cases: Sequence[PlannedCase], plan: Plan, dataset: RawDataset, n_procs: int
) -> Iterator[ConvertedCase]:
    if n_procs <= 1:
        yield from map(convert_case, cases, repeat(plan.profile), repeat(plan.target), repeat(dataset))
        return
    # spawn: the caller may have started threads (torch, matplotlib), which a forked child would not have.
    with ProcessPoolExecutor(n_procs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(convert_case, cases, repeat(plan.profile), repeat(plan.target), repeat(dataset))


def _write_tables(dataset: RawDataset, converted: Sequence[ConvertedCase], plan: Plan) -> None:
    included = [case.plan for case in converted if not case.plan.reason]
    patients = {case.case: case.patient for case in included}
    training = {case.case: case.patient for case in included if case.split == "train"}
    others = [case.case for case in included if case.split != "train"]
    folds = make_folds(training, {case.patient: case.site for case in included}, FOLDS, plan.seed)
    for one, other in [(training, others), *((fold["train"], fold["val"]) for fold in folds)]:
        if shared := patients_in_both(one, other, patients):
            raise DataRefusedError(f"{dataset.folder}: patients on both sides of a split: {shared[:5]}")
    if folds:
        dataset.write_splits(folds)
    dataset.write_dataset_json(plan.target, ["MRI"], len(training))
    write_text(dataset.folder / "cases.tsv", cases_tsv(converted))
    write_json(dataset.folder / "cases.json", cases_json())


def _record(plan: Plan, fingerprint: str, counts: Counts) -> dict[str, Any]:
    sources = {case.source.name: case.source for case in plan.cases}
    return {
        "schema": SCHEMA,
        "generated_by": generated_by(),
        "profile": asdict(plan.profile),
        "target": asdict(plan.target),
        "seed": plan.seed,
        "sources": [{**asdict(source_version(source.root)), "name": name} for name, source in sources.items()],
        "images": asdict(counts),
        "warnings": list(plan.warnings),
        "fingerprint": fingerprint,
    }


def _fingerprint(plan: Plan) -> str:
    """Hash what decides the dataset's content, file sizes included, so that a rerun knows its own work."""
    content = [[case.case, case.image, case.labels, case.split, case.reason, _sizes(case)] for case in plan.cases]
    text = json.dumps([SCHEMA, asdict(plan.profile), asdict(plan.target), plan.seed, content], ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _sizes(case: PlannedCase) -> list[int]:
    files = [case.image, *(label for _, label in case.labels if label)]
    paths = [case.source.root / file for file in files]
    return [path.stat().st_size if path.exists() else -1 for path in paths]


def _finished_before(dataset: RawDataset, fingerprint: str) -> Conversion:
    record = dataset.folder / "conversion.json"
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
        counts = Counts(**content["images"])
        same = content["fingerprint"] == fingerprint
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConflictError(f"{dataset.folder}: something else stands here; choose another -d or -n") from error
    if not same:
        raise ConflictError(f"{dataset.folder}: made from other images or options; choose another -d or -n")
    _refuse_incomplete(dataset)
    return Conversion(dataset, counts)


def _refuse_incomplete(dataset: RawDataset) -> None:
    rows = [row for row in read_cases(dataset.folder) if row["status"] == "include"]
    missing = [row["case"] for row in rows if not dataset.image(row["case"], row["split"]).is_file()]
    if missing:
        raise DataRefusedError(
            f"{dataset.folder}: {len(missing)} of its images are gone, the first {missing[0]}; "
            f"remove the folder and convert again"
        )


def _refuse_inside_sources(dataset: RawDataset, plan: Plan) -> None:
    target = dataset.folder.resolve()
    for source in {case.source for case in plan.cases}:
        if target.is_relative_to(source.root):
            raise UsageError(
                f"{dataset.folder}: would be written inside its own source {source.root}, which is only "
                f'ever read; choose another place: eval "$(nnunet_ext env --root DIR)"'
            )


def _refuse_taken_number(dataset: RawDataset) -> None:
    """Two datasets of one number, whatever their names, are what nnU-Net cannot tell apart."""
    number = dataset.folder.name.split("_")[0]
    for other in sorted(dataset.folder.parent.glob(f"{number}_*")):
        if other != dataset.folder and other.is_dir():
            raise ConflictError(
                f"{other}: has this number already; choose another -d, or -n {other.name[len(number) + 1 :]}"
            )


def _nothing_left(converted: Sequence[ConvertedCase], shown: int = 3) -> str:
    reasons = [f"{case.plan.image}: {case.plan.reason}" for case in converted[:shown]]
    return f"of {len(converted)} images none could be used; nothing was written. " + "; ".join(reasons)
