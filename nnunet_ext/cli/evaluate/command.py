"""`nnunet_ext evaluate`: score predictions against references, case by case and site by site."""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.cli.finite_number import finite_number
from nnunet_ext.cli.n_procs import add_n_procs
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.cli.take_options import take_options
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.output_place import OutputPlace

PRESET_NAMES: Final = ("sciseg2", "anima", "panoptica", "gros2019", "lemay2021")
"""Named here for the help, which must not wait for the libraries behind the presets; a test compares."""

_EXAMPLES: Final = """\
examples:
  nnunet_ext evaluate $nnUNet_raw/Dataset501_CordLesion/labelsTs heldout -o scores
  nnunet_ext evaluate /data/bids/derivatives/labels predicted -o scores --preset anima
  nnunet_ext evaluate manual.nii.gz predicted.nii.gz -o scores --target lesion
A case without a mask, with a damaged one or with one on another grid keeps its row, with the reason; the exit code is
then 3. Look at metrics.json for what each column means, and at summary.tsv for how many cases a mean rests on."""


@dataclass(frozen=True)
class Evaluate:
    """Score predictions: each field is the argument of its name, None or empty where it is not given.

    Without `target`, label values mean what `dataset.json` says, else ``cord-lesion``; without `cases`, `cases.tsv` is
    looked for beside the references.
    """

    reference: Path
    prediction: Path
    out: Path
    preset: str
    target: str | None
    regions: tuple[str, ...]
    cases: Path | None
    tolerance_mm: float
    threshold: float | None
    missing_as_empty: bool
    n_procs: int
    force: bool
    json: bool

    def run(self) -> int:
        """Score every case, write the tables, and say what was found."""
        # Imported here: help must not wait for scipy and pandas.
        from nnunet_ext.cli.evaluate.inputs import Asked, gather_pairs  # noqa: PLC0415
        from nnunet_ext.cli.evaluate.output import settings_of, write_results  # noqa: PLC0415
        from nnunet_ext.cli.evaluate.words import answer, in_words, refused_in_words  # noqa: PLC0415
        from nnunet_ext.core.workers import run_all  # noqa: PLC0415
        from nnunet_ext.evaluation.evaluate_pair import evaluate_pair  # noqa: PLC0415
        from nnunet_ext.evaluation.preset import find_preset  # noqa: PLC0415
        from nnunet_ext.evaluation.region import Scoring  # noqa: PLC0415

        scoring = Scoring(find_preset(self.preset), self.tolerance_mm)
        asked = Asked(self.reference, self.prediction, self.target, self.regions, self.cases)
        gathered = gather_pairs(asked, scoring, self.threshold, missing_as_empty=self.missing_as_empty)
        settings = settings_of(asked, gathered.comparison)
        place = OutputPlace(self.out, "evaluate", "Evaluation by nnunet_ext", force=self.force, settings=settings)
        place.refuse_taken()
        with progress_bar("evaluate", "case") as progress:
            results = run_all(evaluate_pair, gathered.pairs, (gathered.comparison,), self.n_procs, progress)
        summary = write_results(place, results, gathered)
        refused = refused_in_words(results)
        for sentence in (*gathered.remarks, *refused):
            print(f"nnunet_ext evaluate: warning: {sentence}", file=sys.stderr)
        if self.json:
            print(json.dumps(answer(results, summary, gathered), ensure_ascii=False))
        else:
            print(in_words(self.out, results, summary, gathered))
        return DataRefusedError.exit_code if refused else 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.usage = "nnunet_ext evaluate REF PRED -o OUT [options]"
    parser.epilog = _EXAMPLES
    add = parser.add_argument
    add(
        "reference", type=Path, metavar="REF",
        help="references: a mask, a folder of label maps CASE.nii.gz or of masks with the region in their names "
        "(sub-01_T2w_label-lesion_seg.nii.gz), or a BIDS tree of such masks",
    )  # fmt: skip
    add("prediction", type=Path, metavar="PRED", help="predictions, likewise; they pair by case, not by layout")
    add("-o", dest="out", type=Path, required=True, metavar="OUT", help="folder for the tables")
    add(
        "--preset", default=PRESET_NAMES[0], metavar="NAME",
        help=f"what is a lesion and when it is found: {', '.join(PRESET_NAMES)}",
    )  # fmt: skip
    add("--target", metavar="NAME|FILE", help="what label values mean (default: as dataset.json says, or cord-lesion)")
    add("--regions", nargs="+", default=[], metavar="REGION", help="score these only, such as: lesion (default: all)")
    add("--cases", type=Path, metavar="TSV", help="cases.tsv with site and contrast (default: that of REF)")
    add("--tolerance-mm", type=finite_number, default=1.0, metavar="MM", help="of the normalised surface distance")
    add(
        "--threshold",
        type=finite_number,
        metavar="X",
        help="take soft masks, values above X being the region (default: refuse them)",
    )
    add("--missing-as-empty", action="store_true", help="score a missing prediction as an empty one")
    add_n_procs(parser)
    add("--force", action="store_true", help="replace the very files that another evaluation left in OUT")
    add("--json", action="store_true", help="answer in JSON")


def from_options(options: argparse.Namespace) -> Evaluate:
    """Take the parsed arguments.

    Raises
    ------
    UsageError
        Where a number lies outside its range.
    """
    if options.tolerance_mm < 0:
        raise UsageError(f"--tolerance-mm must be 0 or more, found {options.tolerance_mm}")
    if options.threshold is not None and not 0 <= options.threshold < 1:
        raise UsageError(f"--threshold must lie from 0 up to but not including 1, found {options.threshold}")
    return take_options(Evaluate, options)
