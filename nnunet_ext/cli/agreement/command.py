"""`nnunet_ext agreement`: two methods, or several raters, compared on the same cases."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nnunet_ext.cli.agreement.methods import Agreement
from nnunet_ext.cli.n_procs import add_n_procs
from nnunet_ext.cli.take_options import take_options
from nnunet_ext.core.errors import UsageError

if TYPE_CHECKING:
    from nnunet_ext.cli.agreement.masks import AgreementOfMasks
    from nnunet_ext.cli.agreement.raters import AgreementOfRaters

_USAGE: Final = """\
nnunet_ext agreement A B [C ...] -o OUT [options]
       nnunet_ext agreement A B [C ...] --reference REF -o OUT [options]
       nnunet_ext agreement --raters DIR DIR [DIR ...] -o OUT [options]"""
_EPILOG: Final = """\
A, B are folders that `evaluate` left (two predictions against one reference: which is better?), or that `biomarkers`
left (A manual, B automatic: do they agree?), or the tables metrics.tsv and cases_biomarkers.tsv themselves.
With --reference, A, B and REF are masks (files, folders or BIDS trees): everything is scored and measured first.

examples:
  which model is better: nnunet_ext agreement scores_a scores_b -o compared --names nnUNet ours
  manual or automatic:   nnunet_ext agreement measured_manual measured_ours -o compared --participants participants.tsv
  all, from masks alone: nnunet_ext agreement pred_a pred_b --reference manual -o compared -np 4
  how well raters agree: nnunet_ext agreement --raters anna ben carl -o raters
OUT/agreement.html shows everything; OUT/pairs.tsv holds the very values that were compared."""
_CORRECTIONS: Final = ("holm", "bonferroni", "none")
_UNITS: Final = ("subject", "case")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.usage = _USAGE
    parser.epilog = _EPILOG
    add = parser.add_argument
    add("inputs", nargs="*", type=Path, metavar="A B", help="what each method left; the first is the reference")
    add("-o", dest="out", type=Path, required=True, metavar="OUT", help="folder for tables, figures and the page")
    add("--names", nargs="+", default=[], metavar="NAME", help="of the methods (default: the folders' names)")
    add(
        "--participants", type=Path, metavar="TSV",
        help="participants.tsv of the BIDS dataset: biomarkers are correlated with its clinical scores "
        "(default: none)",
    )  # fmt: skip
    add("--scores", type=_words, default=(), metavar="A,B", help="columns of it (default: all of numbers but age, ...)")
    add(
        "--metrics", type=_words, default=(), metavar="A,B",
        help="columns to compare (default: the usual ones; all: every column of numbers)",
    )  # fmt: skip
    add(
        "--unit", choices=_UNITS, default="subject",
        help="what counts as one observation: images of one subject are averaged, not being independent",
    )  # fmt: skip
    add("--correction", choices=_CORRECTIONS, default="holm", help="of p values for their number")
    add("--bootstrap", type=int, default=10_000, metavar="N", help="resamples of each interval")
    add("--seed", type=int, default=0, metavar="N", help="of the resampling: the same seed gives the same bytes")
    add(
        "--raters", nargs="+", type=Path, default=[], metavar="DIR",
        help="folders with the same cases, drawn by a rater each: each against majority, STAPLE and the other raters "
        "(default: A and B are methods)",
    )  # fmt: skip
    add(
        "--reference", type=Path, metavar="REF",
        help="A, B are masks by two methods, to be scored against those of REF, and all lesions measured "
        "(default: A, B hold tables)",
    )  # fmt: skip
    add("--preset", default="sciseg2", metavar="NAME", help="with --reference: as in `evaluate`")
    add(
        "--cases",
        type=Path,
        metavar="TSV",
        help="with --reference: cases.tsv with subject, site and contrast (default: that of REF)",
    )
    add("--label-maps", action="store_true", help="with --reference: the folders hold label maps, 1 cord, 2 lesion")
    add_n_procs(parser, what="processes, with --reference or --raters")
    add("--json", action="store_true", help="answer in JSON")
    add("--force", action="store_true", help="replace the very files that another agreement left in OUT")


def from_options(options: argparse.Namespace) -> "Agreement | AgreementOfMasks | AgreementOfRaters":
    """Take the parsed arguments."""
    if options.bootstrap < 100 or options.seed < 0:
        raise UsageError("--bootstrap needs 100 resamples at least, and --seed a number from 0 up")
    if options.raters:
        if options.inputs or len(options.raters) < 2:
            raise UsageError("--raters needs two folders at least, and stands without A and B")
    elif len(options.inputs) < (1 if options.reference else 2):
        raise UsageError(f"two inputs at least were needed, found {len(options.inputs)}; see: nnunet_ext agreement -h")
    elif options.scores and options.participants is None:
        raise UsageError("--scores names columns of a participants.tsv; add: --participants TSV")
    agreement = take_options(Agreement, options, inputs=options.raters or options.inputs)
    if options.raters:
        from nnunet_ext.cli.agreement.raters import AgreementOfRaters  # noqa: PLC0415 - scipy takes seconds

        return AgreementOfRaters(agreement, options.n_procs)
    if options.reference is None:
        return agreement
    from nnunet_ext.cli.agreement.masks import AgreementOfMasks  # noqa: PLC0415

    return AgreementOfMasks(
        agreement, options.reference, options.preset, options.cases, options.label_maps, options.n_procs
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
