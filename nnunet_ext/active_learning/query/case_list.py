"""Cases that people want in a round, or out of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from nnunet_ext.active_learning.query.candidate import Candidate
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.dataset_conversion.file_lists import load_file_list


def read_case_list(path: Path, pool: Sequence[Candidate]) -> Mapping[str, str]:
    """Read which cases a list names, and why: what follows a `#` on its line.

    Each entry names a case, the BIDS stem of its image, or a subject, session or site with all their cases, as the
    lists of `convert` do; SCT's `qc_fail.yml` is such a list.

    Parameters
    ----------
    path
        The file: an entry a line, or YAML.
    pool
        The cases that there are.

    Returns
    -------
    Mapping
        Case to reason, which may be empty.

    Raises
    ------
    FileRefusedError
        Where it is not there, is no list, or names what is not in the pool, which is said by line.
    """
    listed = load_file_list(path, {one.row["dataset"] for one in pool})
    named = {one.case: listed.matches(one.row["dataset"], one.path) for one in pool}
    if unknown := listed.unmatched((one.row["dataset"], one.path) for one in pool):
        found = first_few([f"{entry.shown!r} in line {entry.line}" for entry in unknown])
        raise FileRefusedError(
            path, f"cases of the pool were needed, found {found}; see the names in scores.tsv, mend or remove each"
        )
    return {case: entry.reason for case, entry in named.items() if entry is not None}
