"""Renewing what was derived in a spine plan, and keeping what a person edited."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.leftovers import sweep
from nnunet_ext.trainers.spine_plan import EVERY, FILE, SpinePlan, plan_of, read_spine_plan, write_spine_plan

_BY_KEY: Final = ("sampling", "augmentation", "groups", "case_weights", "site_weights", "not_annotated")
_OF_CASES: Final = ("groups", "case_weights", "not_annotated")
_REMOVABLE: Final = ("augmentation", "groups", "not_annotated")  # an entry taken out says something: there is none
_UNKNOWN: Final = object()

Flat = dict[str, Any]
"""Values by name, those of mappings by `field.key`."""


def spine_plan_lock(folder: Path) -> FileLock:
    """Let one process at a time renew the plan of a preprocessed dataset."""
    return FileLock(folder / f".{FILE}.lock")


def keep_derived(folder: Path, name: str, value: Any, reason: str) -> None:  # noqa: ANN401 - any field's value
    """Write one derived value into the plan of a preprocessed dataset, unless there is no plan or the value is edited.

    Parameters
    ----------
    folder
        Of the preprocessed dataset.
    name
        Of the field of `SpinePlan`.
    value
        Derived for it.
    reason
        The figure behind it.
    """
    if not (folder / FILE).exists():
        return
    with spine_plan_lock(folder):
        sweep(folder, below=False)
        known = read_spine_plan(folder)
        if known is not None:
            now = replace(known, **{name: value}, reasons={name: reason})
            write_spine_plan(folder, renew_spine_plan(known, now, [name])[0])


def renew_spine_plan(
    known: SpinePlan, now: SpinePlan, fields: Collection[str] | None = None
) -> tuple[SpinePlan, list[str]]:
    """Put what is derived now in place of what was derived before, wherever nobody edited it.

    Parameters
    ----------
    known
        The plan as it stands, with the record of what was derived last.
    now
        As the dataset suggests it now.
    fields
        That were derived; None for all. The others stay as they are.

    Returns
    -------
    tuple
        The plan, and sentences that say what was renewed and what was kept as edited. An entry of a mapping is kept or
        renewed by itself; those of cases that are gone go. Shares of configurations that `now` does not name stay.
    """
    derived = now.values()
    fields = list(derived) if fields is None else fields
    stands, last, new = (_flat(content, fields) for content in (known.values(), known.derived, derived))
    gone = set(known.derived.get("groups", ())) - set(derived["groups"]) if "groups" in fields else set()
    named = [name for name in {**stands, **last, **new} if not _is_of(name, gone)]
    held = [name for name in named if _is_held(name, stands, last, new, known.edited)]
    renewed = _merged(stands, new, set(held))
    content = known.values() | _nested(renewed, fields)
    content["new_cases"] = [case for case in content["new_cases"] if case not in gone]
    edited = [name for name in known.edited if name.partition(".")[0] not in fields or name in _BY_KEY]
    reasons = {**known.reasons, **{name: why for name, why in now.reasons.items() if name.partition(".")[0] in fields}}
    shares = {f"sampling.{name}" for name in content["sampling"]}
    plan = replace(
        plan_of({**content, "edited": [*edited, *held]}),
        derived={**known.derived, **_nested({**_of_others(last), **new}, fields)},
        reasons={name: why for name, why in reasons.items() if name in shares or not name.startswith("sampling.")},
        derived_from=now.derived_from or known.derived_from,
    )
    return plan, [*_renewed(fields, stands, renewed), *_kept(held, stands, new)]


def _merged(stands: Flat, new: Flat, held: Collection[str]) -> Flat:
    """Take what is held, and all else anew; edited shares of every configuration leave no place for new ones of one."""
    hidden = _of_others(new).keys() - stands.keys() if f"sampling.{EVERY}" in held else set()
    taken = {name: value for name, value in new.items() if name not in hidden and name not in held}
    kept = {name: value for name, value in stands.items() if name in held}
    return {**_of_others(stands), **taken, **kept}


def _of_others(flat: Flat) -> Flat:
    """Give the shares of single configurations: those that are not trained now are not derived now, and stay."""
    return {name: one for name, one in flat.items() if name.startswith("sampling.") and name != f"sampling.{EVERY}"}


def _flat(content: Mapping[str, Any], fields: Collection[str]) -> Flat:
    flat: Flat = {}
    for name in [name for name in fields if name in content]:
        value = content[name]
        flat |= {f"{name}.{key}": one for key, one in value.items()} if name in _BY_KEY else {name: value}
    return flat


def _nested(flat: Flat, fields: Collection[str]) -> dict[str, Any]:
    nested: dict[str, Any] = {name: {} for name in fields if name in _BY_KEY}
    for name, value in flat.items():
        field, _, key = name.partition(".")
        if field in _BY_KEY:
            nested[field][key] = value
        else:
            nested[field] = value
    return nested


def _is_held(name: str, stands: Flat, last: Flat, new: Flat, edited: Collection[str]) -> bool:
    """Tell whether a person said what stands, or took out what was derived."""
    field = name.partition(".")[0]
    named = name in edited or field in edited
    if name not in stands:
        return field in _REMOVABLE and name in last
    value = stands[name]
    if name not in last and value in ({}, [], None):
        return False
    before = last.get(name, new.get(name, _UNKNOWN))  # what would be derived now was hardly edited
    return bool(value != before) or (named and value is not None)


def _is_of(name: str, cases: Collection[str]) -> bool:
    field, _, key = name.partition(".")
    return field in _OF_CASES and key in cases


def _renewed(fields: Collection[str], before: Flat, after: Flat) -> list[str]:
    said = []
    for field in fields:
        names = [name for name in {**before, **after} if name.partition(".")[0] == field]
        names = [name for name in names if before.get(name, _UNKNOWN) != after.get(name, _UNKNOWN)]
        if field not in _BY_KEY:
            said += [f"{name} {_json(before[name])} -> {_json(after[name])}" for name in names]
            continue
        kinds = {
            "new": [_key(name) for name in names if name not in before],
            "gone": [_key(name) for name in names if name not in after],
            "changed": [_key(name) for name in names if name in before and name in after],
        }
        told = [f"{kind} {first_few(found)}" for kind, found in kinds.items() if found]
        said += [f"{field}: {'; '.join(told)}"] if told else []
    return [f"renewed from the dataset: {one}" for one in said]


def _kept(held: Collection[str], stands: Flat, new: Flat) -> list[str]:
    return [
        f"kept as edited: {name} {_json(stands[name]) if name in stands else 'taken out'}"
        + (f" (the dataset suggests {_json(new[name])})" if name in new else "")
        for name in held
    ]


def _key(name: str) -> str:
    return name.partition(".")[2]


def _json(value: Any) -> str:  # noqa: ANN401 - any field's value
    return json.dumps(value, ensure_ascii=False)
