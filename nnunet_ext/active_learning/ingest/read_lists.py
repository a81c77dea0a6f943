"""Lists of files in YAML: `qc_fail.yml`, `qc_artifact.yml`, and `FILES_*` and `CORR_*` of manual-correction."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from nnunet_ext.active_learning.ingest.given_cases import GivenCases
from nnunet_ext.active_learning.ingest.words import Action, Said, Weight, Word
from nnunet_ext.core.names import strip_ending
from nnunet_ext.core.tables import number
from nnunet_ext.dataset_conversion.file_lists import FileList, ListEntry, load_file_list

_HEADING: Final = re.compile(r"(FILES|CORR)_([A-Z]+)|FILE_KIND_UNKNOWN")
_OTHERS: Final = frozenset({"GMSEG", "LABEL", "COMPRESSION", "PMJ", "ROOTLETS", "CENTERLINE", "TIMESERIES", "REG"})
_MINUTES: Final = re.compile(r"([0-9]+(?:[.,][0-9]+)?)\s*min")
_QC: Final = {"qc_fail": Action.EDIT, "qc_artifact": Action.REJECT}


def read_lists(path: Path, given: GivenCases) -> Said:
    """Read a list.

    SCT's page heads masks of any task of `sct_deepseg` `FILES_SEG`, lesions too: what stands under it is said of every
    region, unless the entry is the name of a mask. manual-correction moves a file from `FILES_*` to `CORR_*` also where
    it was skipped or only looked at: neither says that a mask is right. A comment after an entry may hold the time that
    it took: ``# 12 min``.

    Parameters
    ----------
    path
        What its name begins with says what is said of the entries: `qc_fail` or `qc_artifact`.

    Raises
    ------
    FileRefusedError
        Where it is no list.
    """
    listed = load_file_list(path, given.datasets)
    action = next((found for start, found in _QC.items() if path.name.startswith(start)), None)
    words: dict[str, tuple[Word, ...]] = {}
    problems = []
    for entry in listed.entries:
        heading = next((match for text in entry.headings if (match := _HEADING.fullmatch(text))), None)
        if (action is None and heading is None) or (heading is not None and heading[2] in _OTHERS):
            continue
        cases = tuple(_cases(entry, given))
        if not cases:
            problems.append(f"{path.name}: {entry.shown[:80]!r} was not given out")
        word = _word(path, entry, action, heading, given)
        words |= {case: (*words.get(case, ()), word) for case in cases}
    return Said(words, tuple(problems))


def _cases(entry: ListEntry, given: GivenCases) -> Iterator[str]:
    if named := given.named(entry.text):
        yield from named
        return
    one = FileList((entry,), given.datasets)
    pattern = strip_ending(entry.text.rsplit("/", 1)[-1])
    for case in given.cases.values():
        if one.matches(case.dataset, case.images[0]) or ("*" in pattern and fnmatchcase(case.stem, pattern)):
            yield case.case


def _word(
    path: Path, entry: ListEntry, action: Action | None, heading: re.Match[str] | None, given: GivenCases
) -> Word:
    found = given.region_of(entry.text) or ("lesion" if heading is not None and heading[2] == "LESION" else "")
    time = _MINUTES.search(entry.reason)
    if action is None and heading is not None:
        done = heading[1] == "CORR"
        comment = f"listed as {'done' if done else 'to do'} in {path.name}"
        if done:
            comment += ", as what was skipped or only looked at is, too"
    else:
        comment = entry.reason
    return Word(
        path.name,
        Weight.LIST if action is None else Weight.QC_LIST,
        action,
        (found,) if found in given.regions else (),
        minutes=None if time is None else number(time[1]),
        comment=comment,
    )
