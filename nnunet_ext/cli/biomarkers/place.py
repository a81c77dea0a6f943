"""The output folder of `biomarkers`: never within an input, never one that holds something else."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import ConflictError, UsageError

_DICTIONARY: Final = "biomarkers.json"
_TABLE: Final = "biomarkers.tsv"  # written last: without it the earlier run was interrupted, and this one goes on
_OURS: Final = ("*nstances_dseg.nii.gz", "sct_tables/*_analysis.tsv", "*biomarkers.tsv", "bridges.tsv")


def refuse_place(out: Path, inputs: Sequence[Path], *, force: bool) -> None:
    """Refuse an output folder that would change an input, or mix with what others wrote.

    Raises
    ------
    UsageError
        Where it is a file, or lies in an input folder; a folder of its own below `derivatives` is taken.
    ConflictError
        Where other files stand in it, or an earlier run's and `force` is not given.
    """
    if out.is_file() or out.name.endswith((".nii", ".nii.gz")):
        raise UsageError(f"-o {out}: a folder was needed")
    place = out.resolve()
    for given in (path.resolve() for path in inputs if path.is_dir()):
        inner = place.relative_to(given).parts if place.is_relative_to(given) else None
        if inner is not None and (inner[:1] != ("derivatives",) or len(inner) < 2):
            raise UsageError(f"-o {out}: lies in {given.name}, which is only ever read; choose a folder beside it")
    if not out.is_dir():
        return
    others = sorted(entry.name for entry in out.iterdir() if not entry.name.startswith("."))
    if others and not (out / _DICTIONARY).is_file():
        shown = ", ".join(others[:3])
        raise ConflictError(f"-o {out}: holds {shown}, which this command did not write; choose another folder")
    if (out / _TABLE).is_file() and not force:
        raise ConflictError(
            f"-o {out}: holds an earlier run's tables; run the same command with --force, or another -o"
        )


def forget_earlier_run(out: Path) -> None:
    """Delete what an earlier run left: rows and images of cases that are no more must not stay among the new ones."""
    for pattern in _OURS:
        for file in out.rglob(pattern):
            file.unlink()
