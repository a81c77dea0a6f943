"""What the BIDS validator says of a dataset: a report, never a gate, for it knows few of the names that labs use."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.errors import EnvironmentProblemError, ProcessFailedError
from nnunet_ext.dataset_conversion.source import Source

_PROGRAM: Final = "bids-validator-deno"
_SECONDS: Final = 3600


def validate_bids(source: Source) -> list[dict[str, Any]]:
    """Run the BIDS validator over a dataset, which it only reads.

    Returns
    -------
    list of dict
        Its issues as it words them, with paths relative to the dataset.

    Raises
    ------
    EnvironmentProblemError
        Where it is not installed.
    ProcessFailedError
        Where it gives no answer.
    """
    beside = Path(sys.executable).with_name(_PROGRAM)
    program = str(beside) if beside.exists() else shutil.which(_PROGRAM)
    if program is None:
        raise EnvironmentProblemError(
            f"{_PROGRAM} was needed and is not installed; run: pip install 'nnunet_ext[bids]'"
        )
    # By default it reads a thousand rows of participants.tsv, and calls all further subjects unknown.
    command = [program, "--format", "json", "--max-rows", "-1", str(source.root)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
        return list(json.loads(done.stdout)["issues"]["issues"])
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as error:
        raise ProcessFailedError(f"{_PROGRAM} gave no report on {source.root}: {error}") from error


def summary(issues: Sequence[Mapping[str, Any]]) -> str:
    """Give one line: how many errors and warnings, and the most frequent kinds."""
    severities = Counter(issue.get("severity") for issue in issues)
    kinds = Counter(str(issue.get("code")) for issue in issues)
    shown = ", ".join(f"{kind} ({count})" for kind, count in kinds.most_common(3))
    return f"{severities['error']} errors, {severities['warning']} warnings" + (f": {shown}" if shown else "")
