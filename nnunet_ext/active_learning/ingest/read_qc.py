"""Marks of quality-control pages: `qc.json` of our review page, `qc_report.json` of the Spinal Cord Toolbox."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from nnunet_ext.active_learning.ingest.given_cases import GivenCases
from nnunet_ext.active_learning.ingest.words import Action, Said, Weight, Word
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.read_json import read_json_object

_OURS: Final = {"pass": Action.ACCEPT, "fail": Action.EDIT, "artifact": Action.REJECT, "defer": Action.DEFER}
_SCTS: Final = {"✅": Action.ACCEPT, "❌": Action.EDIT, "⚠": Action.REJECT}
_EMOJI: Final = "\ufe0f"  # that a sign is to be drawn in colours: some browsers leave it out
_LESION: Final = re.compile(r"sct_deepseg_lesion|sct_analyze_lesion")
_ABOUT_CORDS: Final = re.compile(r"sct_propseg|sct_deepseg_sc")


def read_review_page(path: Path, given: GivenCases) -> Said:
    """Read `qc.json`, as the review page saves it.

    Raises
    ------
    FileRefusedError
        Where it is no such file.
    """
    words: dict[str, tuple[Word, ...]] = {}
    problems = []
    content = read_json_object(path, "marks of the review page were needed")
    with refuse_malformed(path, "marks of the review page were needed", "save them again on the page"):
        for entry in content["cases"]:
            # The page may name another level of the tree than the query does.
            cases = given.named(str(entry["case"])) or given.named(str(entry.get("image") or ""))
            if not entry["mark"] and not entry.get("comment"):
                continue
            if len(cases) != 1:
                problems.append(f"{path.name}: {str(entry['case'])[:60]!r} was not given out, or means several cases")
                continue
            regions = tuple(str(name) for name in entry.get("regions") or () if name in given.regions)
            action = _OURS[entry["mark"]] if entry["mark"] else None
            comment = str(entry.get("comment") or "")
            word = Word(path.name, Weight.REVIEW_PAGE, action, regions, comment=comment)
            words[cases[0]] = (*words.get(cases[0], ()), word)
    return Said(words, tuple(problems))


def read_sct_report(path: Path, given: GivenCases) -> Said:
    """Read `qc_report.json`, as SCT's page saves it with `Save All`.

    A command such as `sct_deepseg` may have made any mask: what was marked is then said of all regions.

    Raises
    ------
    FileRefusedError
        Where it is no such file.
    """
    words: dict[str, tuple[Word, ...]] = {}
    content = read_json_object(path, "a report of SCT's page was needed")
    with refuse_malformed(path, "a report of SCT's page was needed", "save it again on the page"):
        for entry in content["datasets"]:
            action = _SCTS.get(str(entry.get("qc") or "").replace(_EMOJI, ""))
            cases = given.named(f"{entry.get('path') or ''}/{entry['inputFile']}")
            if action is not None and len(cases) == 1:
                word = Word(path.name, Weight.SCT_REPORT, action, _about(entry, given))
                words[cases[0]] = (*words.get(cases[0], ()), word)
    return Said(words)


def _about(entry: Mapping[str, Any], given: GivenCases) -> tuple[str, ...]:
    command = str(entry.get("command") or "")
    meant = "lesion" if _LESION.fullmatch(command) else "sc" if _ABOUT_CORDS.fullmatch(command) else ""
    return (meant,) if meant in given.regions else ()
