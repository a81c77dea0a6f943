"""The pool: images of BIDS folders that people may be asked to correct, as a conversion would find them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.active_learning.settings import ActiveSettings
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.cell_lists import PATHS, join_list, split_list
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.present import check_present
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import TableRow, cell, read_table, table_text
from nnunet_ext.core.target import load_target
from nnunet_ext.core.workers import Progress
from nnunet_ext.dataset_conversion.draw_sets import Patient
from nnunet_ext.dataset_conversion.existing import Existing
from nnunet_ext.dataset_conversion.plan import Labels, Plan, PlanOptions, make_plan
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.profile import AUTO, Profile, load_profile, parse_profile
from nnunet_ext.dataset_conversion.scan import scan_source
from nnunet_ext.dataset_conversion.source import Source

POOL_COLUMNS: Final = (
    "case", "dataset", "subject", "session", "person", "site", "contrast", "image", "image_sha256",
)  # fmt: skip
"""As in `cases.tsv` of a converted dataset."""

LEFT_OUT_COLUMNS: Final = ("case", "dataset", "image", "reason")

_SKIPPED: Final = "its patient is tested on: correcting this image and training on it would leak"


@dataclass(frozen=True)
class Pool:
    """What the folders hold.

    Parameters
    ----------
    rows
        With `POOL_COLUMNS`, sorted by case.
    left_out
        With `LEFT_OUT_COLUMNS`: every other image that was found.
    said
        In sentences, what was assumed about the folders, and what is odd about them.
    """

    rows: tuple[Mapping[str, str], ...]
    left_out: tuple[Mapping[str, str], ...]
    said: tuple[str, ...] = ()

    def write(self, rounds: Rounds) -> None:
        """Write both tables; that of the pool, which counts, last."""
        write_text(rounds.left_out, table_text(self.left_out, LEFT_OUT_COLUMNS))
        write_text(rounds.pool, table_text(self.rows, POOL_COLUMNS))


def pool_sources(rounds: Rounds, settings: ActiveSettings) -> list[Source]:
    """Find the folders of the pool; a relative one starts at the loop's.

    Raises
    ------
    DataRefusedError
        Where one is not there.
    """
    sources = []
    for name, _, folder in (entry.partition("=") for entry in settings.pool):
        root = (rounds.root / Path(folder).expanduser()).resolve()
        if not root.is_dir():
            raise DataRefusedError(f"{root}: the folder of the pool {name} was needed, and is not there; mend pool in "
                                   f"{rounds.settings}")  # fmt: skip
        sources.append(Source(name, root))
    return sources


def scan_pool(
    sources: Sequence[Source],
    settings: ActiveSettings,
    existing: Existing | None,
    tested: frozenset[Patient] = frozenset(),
    progress: Progress | None = None,
) -> Pool:
    """Find the images that may be asked for: those that no dataset trains or tests on yet, of nobody who is tested on.

    Labels are not looked for. A dataset is read by the profile that the settings name for it, else, where the labelled
    dataset knows its name, by that which it was converted with, any other by what is recognised.

    Parameters
    ----------
    sources
        The folders.
    settings
        The loop's.
    existing
        The labelled dataset; None where there is none.
    tested
        Persons who are tested on whatever the dataset says now, as they were frozen.
    progress
        Told how many images were hashed, and of how many.

    Raises
    ------
    DataRefusedError
        Where persons who are tested on are in the pool, with their names, unless the settings say to skip them, or the
        settings name a profile for a dataset that is not in the pool.
    """
    plan, known = plan_pool(sources, settings, existing), {} if existing is None else existing.known
    tested |= {member.person or patient for patient, member in known.items() if member.set_name == "test"}
    standing = _Standing.of(existing)
    rows, left_out, leaking = [], [], []
    for number, case in enumerate(plan.cases, start=1):
        digests, reason = ("", case.reason) if case.reason else _digests(case)
        reason = reason or standing.says(case, digests)
        if not reason and case.patient in tested:
            leaking.append(case)
            reason = _SKIPPED
        if reason:
            left_out.append({**_row(case, digests), "reason": cell(reason)})
        else:
            rows.append(_row(case, digests))
        if progress is not None:
            progress(number, len(plan.cases))
    if leaking and settings.tested_in_pool == "refuse":
        raise DataRefusedError(_leak_in_words(leaking))
    return Pool(tuple(rows), tuple(left_out), (*plan.assumptions, *plan.warnings))


def plan_pool(
    sources: Sequence[Source], settings: ActiveSettings, existing: Existing | None, labels: Labels = Labels.NONE
) -> Plan:
    """Plan all images of the pool, by default without labels, as they would be converted for the labelled dataset."""
    options = PlanOptions(labels=labels, known={} if existing is None else existing.known)
    return make_plan(sources, _profiles(sources, settings, existing), load_target(settings.target), options)


def read_pool(rounds: Rounds) -> list[TableRow]:
    """Read the pool as it was scanned last; raises FileRefusedError where `init` has not been here."""
    return read_table(rounds.pool, POOL_COLUMNS, whole=True)


def images_since(rounds: Rounds, settings: ActiveSettings) -> list[str]:
    """List the images that have come into the folders since the last scan, as `dataset: path`; only names are read."""
    rows = [*read_pool(rounds), *read_table(rounds.left_out, LEFT_OUT_COLUMNS, whole=True)]
    known = {(row["dataset"], image) for row in rows for image in split_list(row["image"])}
    auto, asked = load_profile(AUTO), _asked_profiles(settings)
    found = [
        (source.name, image)
        for source in pool_sources(rounds, settings)
        for image in scan_source(source, asked.get(source.name, auto), (), {}).images
    ]
    return [f"{name}: {image}" for name, image in found if (name, image) not in known]


@dataclass(frozen=True)
class _Standing:
    """The images that a dataset trains or tests on already, by their place and by their content."""

    images: frozenset[tuple[str, str]]
    digests: frozenset[str]

    @classmethod
    def of(cls, existing: Existing | None) -> "_Standing":
        rows = [] if existing is None else [row for row in existing.ledger.included if row["split"] != "pool"]
        digests = frozenset(digest for row in rows for digest in split_list(row["image_sha256"]))
        return cls(frozenset((row["dataset"], row["image"]) for row in rows), digests)

    def says(self, case: PlannedCase, digests: str) -> str:
        stands = (case.source.name, _images(case)) in self.images or self.digests & set(split_list(digests))
        return "the dataset has it already, with its label" if stands else ""


def _profiles(sources: Sequence[Source], settings: ActiveSettings, existing: Existing | None) -> dict[str, Profile]:
    names = [one.name for one in sources]
    recorded = {} if existing is None else existing.record["profiles"]
    known = {name: parse_profile(recorded[name]) for name in names if name in recorded}
    asked = _asked_profiles(settings)
    if strange := sorted(set(asked) - set(names)):
        raise DataRefusedError(
            f"profiles: datasets of the pool ({first_few(names)}) were needed, found {first_few(strange)}; mend it in "
            "active.toml"
        )
    return {**dict.fromkeys(names, load_profile(AUTO)), **known, **asked}


def _asked_profiles(settings: ActiveSettings) -> dict[str, Profile]:
    return {name: load_profile(profile) for name, _, profile in (text.partition("=") for text in settings.profiles)}


def _digests(case: PlannedCase) -> tuple[str, str]:
    """Hash a case's images, or say why that cannot be done."""
    try:
        return join_list(_hashed(case), PATHS), ""
    except FileRefusedError as error:
        return "", error.reason
    except OSError as error:
        return "", f"it cannot be read: {error.strerror or error}"


def _hashed(case: PlannedCase) -> Iterator[str]:
    for image in filter(None, case.images):
        check_present(case.source.root / image)
        yield sha256(case.source.root / image)


def _images(case: PlannedCase) -> str:
    return PATHS.join(filter(None, case.images))


def _row(case: PlannedCase, digests: str) -> dict[str, str]:
    name = case.name
    row = {
        "case": case.case,
        "dataset": case.source.name,
        "subject": name.subject if name else "",
        "session": name.entity("ses") if name else "",
        "person": "/".join(case.patient) if name else "",
        "site": case.site,
        "contrast": name.suffix if name else "",
        "image": _images(case),
        "image_sha256": digests,
    }
    return {column: cell(row[column]) for column in POOL_COLUMNS}


def _leak_in_words(cases: Sequence[PlannedCase]) -> str:
    who = {}
    for case in cases:
        (dataset, subject), person = case.own, case.patient
        as_known = "" if person == case.own else f" ({person[1]} of {person[0]})"
        who[case.own] = f"{subject} of {dataset}{as_known}"
    return (
        f"the pool holds images of {len(who)} of those who are tested on: {first_few(list(who.values()))}; correcting "
        f'them and training on them would leak: take them out of the folder, or say tested_in_pool "skip" (init '
        f"--tested-in-pool skip) to leave them out"
    )
