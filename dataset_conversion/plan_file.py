"""A plan as two files, `conversion.json` and `cases.tsv`, that can be read, edited and run again."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final, cast

from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.dataset_files.description import RECORD
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError, UsageError
from nnunet_ext.core.json_numbers import whole_number
from nnunet_ext.core.leftovers import sweep
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.names import parse_image_name
from nnunet_ext.core.provenance import generated_by
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.tables import NOTHING, TableRow, cell
from nnunet_ext.core.target import Target, parse_target
from nnunet_ext.core.toml_fields import texts
from nnunet_ext.dataset_conversion.cases_table import case_row, cases_tsv, person_of, read_cases
from nnunet_ext.dataset_conversion.convert_case import ConvertedCase
from nnunet_ext.dataset_conversion.plan import Plan
from nnunet_ext.dataset_conversion.planned_case import PlannedCase, PlannedLabel, Split
from nnunet_ext.dataset_conversion.profile import Profile, parse_profile
from nnunet_ext.dataset_conversion.source import Source

SCHEMA: Final = 2

VERIFIED: Final = "verified"
"""Key of a class whose masks were verified before, and do not lie in the dataset of the image."""

_NEEDED: Final = "a plan was needed, as convert --write-plan leaves it"
_CURE: Final = "mend it, or have it written again"

_CASE_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_+-]*")


def plan_content(plan: Plan) -> dict[str, Any]:
    """Give what `conversion.json` holds of a plan; the rest stands in `cases.tsv`. No path of this disk is in it."""
    return {
        "schema": SCHEMA,
        "generated_by": generated_by(),
        "target": plan.target.content(),
        "profiles": {name: profile.content() for name, profile in plan.profiles.items()},
        "seed": plan.seed,
        "resample": plan.resample,
        "register": plan.register,
        "assumptions": list(plan.assumptions),
        "warnings": list(plan.warnings),
        "cases": [case_content(case) for case in plan.cases],
    }


def write_plan(folder: Path, plan: Plan) -> None:
    """Write a plan that nothing was converted from yet."""
    sweep(folder, below=False)
    write_json(folder / RECORD, plan_content(plan))
    write_text(folder / "cases.tsv", cases_tsv(case_row(ConvertedCase(case)) for case in plan.cases))


def read_plan(folder: Path, sources: Sequence[Source]) -> Plan:
    """Read a plan, edited or not.

    Of `cases.tsv` the columns site, pathology, person, split, split_by, status and reason count; of `conversion.json`
    all else.

    Parameters
    ----------
    folder
        That holds both files; a finished dataset's own folder will do.
    sources
        The datasets, by the names that they had when the plan was made.

    Raises
    ------
    FileRefusedError
        Where a file is missing, is no plan, or the two do not name the same cases.
    UsageError
        Where a dataset of the plan is not among the sources.
    """
    record = folder / RECORD
    by_name = {source.name: source for source in sources}
    content, rows = read_json_object(record, _NEEDED, _CURE), read_cases(folder)
    with refuse_malformed(record, _NEEDED, _CURE):
        if content["schema"] != SCHEMA:
            raise ValueError(f"schema {SCHEMA} was needed, found {content['schema']}")
        _refuse_unknown_sources(content["cases"], by_name)
        cases = _join(content["cases"], rows, by_name, folder)
        target = parse_target(content["target"])
        profiles = {name: parse_profile(profile) for name, profile in content["profiles"].items()}
        _refuse_unsafe(cases, target, profiles)
        return Plan(
            cases=tuple(sorted(cases, key=lambda case: (case.case, case.image))),
            profiles=profiles,
            target=target,
            seed=whole_number(content["seed"]),
            resample=bool(content["resample"]),
            register=bool(content["register"]),
            assumptions=texts(content, "assumptions", RECORD),
            warnings=texts(content, "warnings", RECORD),
        )


def case_content(case: PlannedCase) -> dict[str, Any]:
    """Give what `conversion.json` holds of a case: its files. The rest stands in `cases.tsv`."""
    return {
        "case": case.case,
        "dataset": case.source.name,
        "images": list(case.images),
        "labels": {label.name: _label_content(label) for label in case.labels},
        "refused": case.refused,
    }


def _label_content(label: PlannedLabel) -> dict[str, Any]:
    if label.files:
        files = [{"rater": rater, "path": path} if rater else {"path": path} for rater, path in label.files]
        verified = {} if label.root is None else {VERIFIED: True}
        return {"files": files, **verified, **({} if label.slices is None else {"slices": str(label.slices)})}
    return {"empty": label.why_empty} if label.why_empty else {}


def _refuse_unknown_sources(cases: Sequence[Mapping[str, Any]], sources: Mapping[str, Source]) -> None:
    missing = sorted({case["dataset"] for case in cases} - set(sources))
    if missing:
        raise UsageError(
            f"the plan needs the datasets {', '.join(missing)}, found {', '.join(sources) or 'none'}; "
            f"give each as NAME=FOLDER, such as {missing[0]}=/data/{missing[0]}"
        )


def _join(
    cases: Sequence[Mapping[str, Any]], rows: Sequence[TableRow], sources: Mapping[str, Source], folder: Path
) -> list[PlannedCase]:
    """Put what the two files say of each case together."""
    table: dict[tuple[str, str], TableRow] = {}
    for row in rows:
        if table.setdefault((row["case"], row["image"]), row) is not row:
            raise FileRefusedError(folder / "cases.tsv", f"case {row['case']} and its images stand there twice")
    joined = []
    for content in cases:
        images = ";".join(image for image in content["images"] if image)
        own = table.pop((cell(content["case"]), cell(images)), None)
        if own is None:
            reason = f"no row of case {content['case']} and its images; to leave it out, set its status to skip"
            raise FileRefusedError(folder / "cases.tsv", reason)
        joined.append(_read_case(content, own, sources[content["dataset"]]))
    if table:
        raise FileRefusedError(folder / "cases.tsv", f"case {next(iter(table))[0]} is not in {RECORD}")
    return joined


def _read_case(content: Mapping[str, Any], row: TableRow, source: Source) -> PlannedCase:
    images = tuple(str(image) for image in content["images"])
    labels = tuple(_read_label(name, label) for name, label in content["labels"].items())
    skipped = _one_of(row, "status", ("include", "skip")) == "skip"
    if not any(images):
        raise ValueError(f"case {row['case']}: no image")
    name = parse_image_name(PurePosixPath(next(image for image in images if image)).name)
    person = person_of(row)
    return PlannedCase(
        case=str(content["case"]),
        source=source,
        name=name,
        site=row["site"],
        images=images,
        pathology=_value(row["pathology"]),
        labels=labels,
        split="" if skipped else cast(Split, _one_of(row, "split", ("train", "test", "pool"))),
        split_by="" if skipped else _value(row["split_by"]),
        reason=(_value(row["reason"]) or "left out by hand") if skipped else "",
        refused=bool(content["refused"]) and skipped,
        person=None if name is None or person == (source.name, name.subject) else person,
    )


def _read_label(name: str, content: Mapping[str, Any]) -> PlannedLabel:
    files = tuple((str(file.get("rater", "")), str(file["path"])) for file in content.get("files", ()))
    return PlannedLabel(name, files, str(content.get("empty", "")))


def _one_of(row: TableRow, column: str, words: Sequence[str]) -> str:
    """Read a cell that takes one of a few words; spreadsheets write them with a capital."""
    found = row[column].casefold()
    if found not in words:
        named = " or ".join([", ".join(words[:-1]), words[-1]])
        raise row.refused(f"case {row['case']}: {column} {named} was needed, found {row[column]!r:.100}")
    return found


def _value(cell: str) -> str:
    return "" if cell in ("", NOTHING) else cell


def _refuse_unsafe(cases: Sequence[PlannedCase], target: Target, profiles: Mapping[str, Profile]) -> None:
    """Refuse what an edited plan must not say: names and paths that lead elsewhere, a case that is not whole."""
    names: set[str] = set()
    for case in (case for case in cases if not case.reason):
        paths = [*case.images, *(path for label in case.labels for _, path in label.files)]
        outside = [path for path in paths if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts]
        if not _CASE_NAME.fullmatch(case.case) or outside or case.name is None:
            raise DataRefusedError(
                f"case {case.case}: a name of letters, digits, _, + and -, and BIDS images inside the dataset were "
                f"needed; found {', '.join(outside) or 'another name'}"
            )
        if case.case in names:
            raise DataRefusedError(f"case {case.case}: two cases have this name")
        names.add(case.case)
        if len(case.images) != len(target.channels):
            raise DataRefusedError(f"case {case.case}: images for {target.channels} were needed, found {case.images}")
        known = set(target.needed_classes) & set(profiles[case.source.name].classes)
        if unknown := {label.name for label in case.labels} - known:
            raise DataRefusedError(f"case {case.case}: target or profile has no class {', '.join(sorted(unknown))}")
        if case.split != "pool" and not case.labels:
            raise DataRefusedError(f"case {case.case}: it has no labels in {RECORD}, and so can only be in the pool")
