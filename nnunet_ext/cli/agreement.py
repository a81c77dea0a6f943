"""`nnunet_ext agreement`: two methods, or several raters, compared on the same cases."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nnunet_ext.core.errors import DataRefusedError, UsageError

if TYPE_CHECKING:
    from nnunet_ext.cli.agreement_masks import AgreementOfMasks
    from nnunet_ext.cli.agreement_raters import AgreementOfRaters
    from nnunet_ext.evaluation.agreement.measurements import Kind, Measurements

_USAGE: Final = """\
nnunet_ext agreement A B [C ...] -o OUT [options]
       nnunet_ext agreement A B [C ...] --reference REF -o OUT [options]
       nnunet_ext agreement --raters DIR DIR [DIR ...] -o OUT [options]"""
_EPILOG: Final = """\
A, B are folders that `evaluate` left (two predictions against one reference: which is better?), or that `biomarkers`
left (A manual, B automatic: do they agree?), or the tables metrics.tsv and cases_biomarkers.tsv themselves.
With --reference, A, B and REF are masks (files, folders or BIDS trees): everything is scored and measured first.
OUT/agreement.html shows everything; OUT/pairs.tsv holds the very values that were compared."""
_CORRECTIONS: Final = ("holm", "bonferroni", "none")
_UNITS: Final = ("subject", "case")


@dataclass(frozen=True)
class Agreement:
    """Compare methods.

    Parameters
    ----------
    inputs
        A folder or a table of each method, two at least; of biomarkers the first is the reference.
    out
        The folder to write.
    names
        Of the methods; none takes the folders' names.
    participants
        A participants.tsv with clinical scores, or None.
    scores
        Columns of it; none takes all of numbers.
    metrics
        Columns of the tables; none takes the usual ones.
    unit
        `subject` averages the images of a subject, `case` counts each image.
    correction
        Of p values: `holm`, `bonferroni` or `none`.
    bootstrap
        Number of resamples.
    seed
        Of the resampling.
    json
        Whether the answer is JSON.
    force
        Whether an agreement that stands in `out` is made again.
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
        from nnunet_ext.cli.agreement_inputs import read_methods  # noqa: PLC0415 - scipy and matplotlib take seconds
        from nnunet_ext.cli.agreement_place import refuse_place  # noqa: PLC0415

        refuse_place(self.out, self.inputs, force=self.force)
        return self.compare(read_methods(self.inputs, self.names))

    def compare(self, methods: "Mapping[Kind, Sequence[Measurements]]") -> int:
        """Compare tables that are already read."""
        from nnunet_ext.cli.agreement_publish import publish  # noqa: PLC0415
        from nnunet_ext.cli.progress import progress_bar  # noqa: PLC0415
        from nnunet_ext.evaluation.agreement.adjust import Correction  # noqa: PLC0415
        from nnunet_ext.evaluation.agreement.align import Unit  # noqa: PLC0415
        from nnunet_ext.evaluation.agreement.analyse import analyse  # noqa: PLC0415
        from nnunet_ext.evaluation.agreement.compare import Rules  # noqa: PLC0415
        from nnunet_ext.evaluation.agreement.interval import Bootstrap  # noqa: PLC0415
        from nnunet_ext.evaluation.agreement.measurements import Kind  # noqa: PLC0415
        from nnunet_ext.evaluation.agreement.scores import read_scores  # noqa: PLC0415

        rules = Rules(Unit(self.unit), Correction(self.correction), Bootstrap(self.bootstrap, self.seed))
        scores = None if self.participants is None else read_scores(self.participants, self.scores)
        if scores is not None and Kind.BIOMARKERS not in methods:
            raise UsageError("--participants: scores are correlated with biomarkers, and the inputs hold none")
        notes = [] if scores is None else [f"{name} is no score: {why}" for name, why in scores.left_out.items()]
        analyses = []
        for kind, tables in methods.items():
            wanted = self._wanted(methods, kind)
            if wanted is None:
                continue
            with progress_bar(f"agreement of {kind}", "test") as progress:
                of_kind = scores if kind is Kind.BIOMARKERS else None
                analyses.append(analyse(tables, wanted, rules, of_kind, progress))
        published = publish(self.out, analyses, rules, notes)
        self._tell(published.tables, published.reasons)
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
        from nnunet_ext.cli.agreement_words import comparison_lines, left_out_words  # noqa: PLC0415

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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.usage = _USAGE
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    add = parser.add_argument
    add("inputs", nargs="*", type=Path, metavar="A B", help="what each method left; the first is the reference")
    add("-o", dest="out", type=Path, required=True, metavar="OUT", help="folder for tables, figures and the page")
    add("--names", nargs="+", default=[], metavar="NAME", help="of the methods (default: the folders' names)")
    add(
        "--participants", type=Path, metavar="TSV",
        help="participants.tsv of the BIDS dataset: biomarkers are correlated with its clinical scores",
    )  # fmt: skip
    add("--scores", type=_words, default=(), metavar="A,B", help="columns of it (default: all of numbers but age, ...)")
    add(
        "--metrics", type=_words, default=(), metavar="A,B",
        help="columns to compare (default: the usual ones; all: every column of numbers)",
    )  # fmt: skip
    add(
        "--unit", choices=_UNITS, default="subject",
        help="what counts as one observation: images of one subject are averaged, not being independent (default)",
    )  # fmt: skip
    add("--correction", choices=_CORRECTIONS, default="holm", help="of p values for their number (default holm)")
    add("--bootstrap", type=int, default=10_000, metavar="N", help="resamples of each interval (default 10000)")
    add("--seed", type=int, default=0, help="of the resampling (default 0): the same seed gives the same bytes")
    add(
        "--raters", nargs="+", type=Path, default=[], metavar="DIR",
        help="folders with the same cases, drawn by a rater each: each against majority, STAPLE and the other raters",
    )  # fmt: skip
    add(
        "--reference", type=Path, metavar="REF",
        help="A, B are masks by two methods, to be scored against those of REF, and all lesions measured",
    )  # fmt: skip
    add("--preset", default="sciseg2", metavar="NAME", help="with --reference: as in `evaluate` (default sciseg2)")
    add("--cases", type=Path, metavar="TSV", help="with --reference: cases.tsv with subject, site and contrast")
    add("--label-maps", action="store_true", help="with --reference: the folders hold label maps, 1 cord, 2 lesion")
    add("--n-procs", type=int, default=1, help="processes (--reference, --raters)")
    add("--json", action="store_true", help="answer in JSON")
    add("--force", action="store_true", help="make an agreement that stands in OUT again")


def from_options(options: argparse.Namespace) -> "Agreement | AgreementOfMasks | AgreementOfRaters":
    """Take the parsed arguments."""
    if options.bootstrap < 100 or options.seed < 0:
        raise UsageError("--bootstrap needs 100 resamples at least, and --seed a number from 0 up")
    if options.raters:
        from nnunet_ext.cli.agreement_raters import AgreementOfRaters  # noqa: PLC0415

        if options.inputs or len(options.raters) < 2:
            raise UsageError("--raters needs two folders at least, and stands without A and B")
        return AgreementOfRaters(
            tuple(options.raters), options.out, tuple(options.names), options.n_procs, options.json, options.force
        )
    if len(options.inputs) < (1 if options.reference else 2):
        raise UsageError(f"two inputs at least were needed, found {len(options.inputs)}; see: nnunet_ext agreement -h")
    if options.scores and options.participants is None:
        raise UsageError("--scores names columns of a participants.tsv; add: --participants TSV")
    given = {name: value for name, value in vars(options).items() if name in Agreement.__dataclass_fields__}
    agreement = Agreement(**{**given, "inputs": tuple(options.inputs), "names": tuple(options.names)})
    if options.reference is None:
        return agreement
    from nnunet_ext.cli.agreement_masks import AgreementOfMasks  # noqa: PLC0415

    return AgreementOfMasks(
        agreement, options.reference, options.preset, options.cases, options.label_maps, options.n_procs
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
