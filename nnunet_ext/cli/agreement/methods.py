"""Two methods, or more, compared on the same cases."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nnunet_ext.cli.run_settings import run_settings
from nnunet_ext.core.errors import DataRefusedError, UsageError

if TYPE_CHECKING:
    from nnunet_ext.core.output_place import OutputPlace
    from nnunet_ext.evaluation.agreement.measurements import Kind, Measurements
    from nnunet_ext.evaluation.agreement.scores import Scores


@dataclass(frozen=True)
class Agreement:
    """Compare methods: each field is the argument of its name, None or empty where it is not given.

    Of biomarkers the first input is the reference. No `names` takes those of the folders, no `scores` all columns of
    numbers, no `metrics` the usual ones.
    """

    inputs: tuple[Path, ...]
    out: Path
    names: tuple[str, ...]
    participants: Path | None
    scores: tuple[str, ...]
    metrics: tuple[str, ...]
    unit: str
    correction: str
    bootstrap: int
    seed: int
    json: bool
    force: bool

    def run(self) -> int:
        """Compare, write, and say what was found."""
        from nnunet_ext.cli.agreement.inputs import read_methods  # noqa: PLC0415 - scipy and matplotlib take seconds
        from nnunet_ext.cli.agreement.place import claim  # noqa: PLC0415

        place = claim(self.out, self.inputs, run_settings(self), force=self.force)
        return self.compare(read_methods(self.inputs, self.names), place)

    def compare(self, methods: "Mapping[Kind, Sequence[Measurements]]", place: "OutputPlace") -> int:
        """Compare tables that are already read, and write to a folder that is claimed."""
        from nnunet_ext.cli.agreement.publish import publish  # noqa: PLC0415
        from nnunet_ext.cli.progress import progress_bar  # noqa: PLC0415
        from nnunet_ext.evaluation.agreement.adjust import Correction  # noqa: PLC0415
        from nnunet_ext.evaluation.agreement.align import Unit  # noqa: PLC0415
        from nnunet_ext.evaluation.agreement.analyse import analyse  # noqa: PLC0415
        from nnunet_ext.evaluation.agreement.compare import Rules  # noqa: PLC0415
        from nnunet_ext.evaluation.agreement.confidence_interval import Bootstrap  # noqa: PLC0415
        from nnunet_ext.evaluation.agreement.measurements import Kind  # noqa: PLC0415
        from nnunet_ext.evaluation.agreement.scores import read_scores  # noqa: PLC0415

        rules = Rules(Unit(self.unit), Correction(self.correction), Bootstrap(self.bootstrap, self.seed))
        scores = None if self.participants is None else read_scores(self.participants, self.scores)
        if scores is not None and Kind.BIOMARKERS not in methods:
            raise UsageError("--participants: scores are correlated with biomarkers, and the inputs hold none")
        notes = [] if scores is None else _left_out(scores)
        for note in notes:
            print(f"nnunet_ext agreement: warning: {self.participants}: {note}", file=sys.stderr)
        analyses = []
        for kind, tables in methods.items():
            wanted = self._wanted(methods, kind)
            if wanted is None:
                continue
            with progress_bar(f"agreement of {kind}", "test") as progress:
                of_kind = scores if kind is Kind.BIOMARKERS else None
                analyses.append(analyse(tables, wanted, rules, of_kind, progress))
        self._tell(*publish(place, analyses, rules, notes))
        return 0

    def _wanted(self, methods: "Mapping[Kind, Sequence[Measurements]]", kind: "Kind") -> tuple[str, ...] | None:
        """Find the asked columns of one kind of table; None where only the other kind was asked for."""
        from nnunet_ext.evaluation.agreement.choose import EVERYTHING  # noqa: PLC0415

        known = {other: {name for table in tables for name in table.columns} for other, tables in methods.items()}
        strangers = set(self.metrics) - set().union(*known.values()) - {EVERYTHING}
        if strangers:
            there = ", ".join(sorted(set().union(*known.values())))
            raise DataRefusedError(f"--metrics: no table has {', '.join(sorted(strangers))}; found {there}")
        mine = tuple(name for name in self.metrics if name in known[kind] or name == EVERYTHING)
        return None if self.metrics and not mine else mine

    def _tell(self, tables: Mapping[str, Sequence[Mapping[str, str]]], reasons: Mapping[str, int]) -> None:
        from nnunet_ext.cli.agreement.words import comparison_lines, left_out_words  # noqa: PLC0415

        for sentence in left_out_words(reasons):
            print(f"nnunet_ext agreement: warning: {sentence}; see not_compared.tsv", file=sys.stderr)
        if self.json:
            shown = {name: rows for name, rows in tables.items() if name not in {"pairs.tsv", "sites.tsv"}}
            print(json.dumps({"out": str(self.out), **shown}, ensure_ascii=False))
            return
        for name, agreement in (("comparison.tsv", False), ("agreement.tsv", True)):
            for line in comparison_lines(tables.get(name, ()), agreement=agreement):
                print(line)
        print(f"{self.out}: tables, figures, and everything on one page in agreement.html")


def _left_out(scores: "Scores") -> list[str]:
    """Say what of a participants.tsv is not compared, a sentence for each reason."""
    columns: dict[str, list[str]] = {}
    for column, reason in scores.left_out.items():
        columns.setdefault(reason, []).append(column)
    rows = [f"a row was left out: {reason}" for reason in scores.rows_left_out]
    return [*rows, *(f"{', '.join(names)} is no score: {reason}" for reason, names in columns.items())]
