"""`nnunet_ext agreement --reference`: from masks to everything, in one go."""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Final

from nnunet_ext.cli.agreement.inputs import TABLES, method_names
from nnunet_ext.cli.agreement.methods import Agreement
from nnunet_ext.cli.agreement.place import claim
from nnunet_ext.cli.biomarkers.command import Biomarkers
from nnunet_ext.cli.evaluate.command import Evaluate
from nnunet_ext.cli.run_settings import run_settings
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.tables import NOTHING
from nnunet_ext.evaluation.agreement.measurements import Kind, Measurements, read_measurements

SCORED: Final = "evaluate"
MEASURED: Final = "biomarkers"
"""Folders in the output, with one folder for each method."""


@dataclass(frozen=True)
class AgreementOfMasks:
    """Score and measure masks, then compare: each field but the first is the argument of its name.

    Parameters
    ----------
    agreement
        What is compared and how; its inputs are masks, one method at least. The reference is called `reference`, unless
        there is a name more than there are inputs: the first.
    """

    agreement: Agreement
    reference: Path
    preset: str
    cases: Path | None
    label_maps: bool
    n_procs: int

    def run(self) -> int:
        """Score, measure, compare; 3 where a case was refused on the way, as its tables say."""
        asked = self.agreement
        place = claim(asked.out, (self.reference, *asked.inputs), run_settings(self), force=asked.force)
        masks = (self.reference, *asked.inputs)
        of_methods = asked.names or method_names(asked.inputs, ())
        whole = of_methods if len(of_methods) == len(masks) else ("reference", *of_methods)
        names = method_names(masks, whole)
        place.begin(())  # from now on the folder is ours
        refused = [
            self._score(path, asked.out / SCORED / name) for path, name in zip(masks[1:], names[1:], strict=True)
        ]
        refused += [self._measure(path, asked.out / MEASURED / name) for path, name in zip(masks, names, strict=True)]
        scored = _read(asked.out / SCORED, Kind.METRICS, names[1:])
        measured = [_with_sites(table, scored[0]) for table in _read(asked.out / MEASURED, Kind.BIOMARKERS, names)]
        methods = {Kind.METRICS: scored, Kind.BIOMARKERS: measured}
        if len(scored) < 2:
            del methods[Kind.METRICS]
        code = asked.compare(methods, place)
        if any(refused):
            print("nnunet_ext agreement: cases were refused on the way; see not_compared.tsv", file=sys.stderr)
            return DataRefusedError.exit_code
        return code

    def _score(self, masks: Path, out: Path) -> bool:
        verb = Evaluate(
            reference=self.reference, prediction=masks, out=out, preset=self.preset, target=None, regions=(),
            cases=self.cases, tolerance_mm=1.0, threshold=None, missing_as_empty=False, n_procs=self.n_procs,
            force=True, json=False,
        )  # fmt: skip
        return _went_on_without_some(verb, out / TABLES[Kind.METRICS])

    def _measure(self, masks: Path, out: Path) -> bool:
        verb = Biomarkers(
            lesion=masks, cord=None, image=None, probability=None, folds=(), label_maps=self.label_maps, out=out,
            nli_slice=None, threshold=None, cases=self.cases, n_procs=self.n_procs, json=False, force=True,
        )  # fmt: skip
        return _went_on_without_some(verb, out / TABLES[Kind.BIOMARKERS])


def _went_on_without_some(verb: Evaluate | Biomarkers, table: Path) -> bool:
    """Run a verb whose own words are not the answer; True where it refused some cases and did the rest."""
    try:
        with redirect_stdout(StringIO()):
            return verb.run() != 0
    except DataRefusedError as error:
        if not table.is_file():
            raise
        print(f"nnunet_ext agreement: warning: {error}", file=sys.stderr)
        return True


def _with_sites(table: Measurements, other: Measurements) -> Measurements:
    """Take the sites that only the other table knows."""
    cases = {
        name: replace(case, site=other.cases[name].site) if case.site == NOTHING and name in other.cases else case
        for name, case in table.cases.items()
    }
    return replace(table, cases=cases)


def _read(folder: Path, kind: Kind, names: Sequence[str]) -> list[Measurements]:
    return [read_measurements(folder / name / TABLES[kind], kind, name) for name in names]
