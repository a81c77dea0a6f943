"""`nnunet_ext biomarkers`: lesion morphometry and tissue bridges, from masks."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nnunet_ext import __version__
from nnunet_ext.cli.finite_number import finite_number
from nnunet_ext.cli.n_procs import add_n_procs
from nnunet_ext.cli.no_row import no_row
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.cli.refuse_some import refuse_some
from nnunet_ext.cli.run_settings import run_settings
from nnunet_ext.cli.take_options import take_options
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.output_place import OutputPlace
from nnunet_ext.core.tables import Row, TableRow, is_missing, read_table
from nnunet_ext.core.workers import run_all

if TYPE_CHECKING:
    from nnunet_ext.evaluation.biomarkers.measured_case import MeasuredCase

_SHOWN: Final = 5
_HALF: Final = 0.5
_LISTED: Final = 40
_KNOWN: Final = ("subject", "session", "site", "contrast")
_LOG: Final = "biomarkers.log"
_EXAMPLES: Final = """\
examples:
  nnunet_ext biomarkers --lesion sub-01_T2w_lesion.nii.gz --cord sub-01_T2w_seg.nii.gz -o measured
  nnunet_ext biomarkers --lesion predicted -o measured                  what `nnunet_ext predict` wrote
  nnunet_ext biomarkers --lesion /data/bids/derivatives/labels -o measured --image /data/bids
  nnunet_ext biomarkers --lesion labelsTs --label-maps -o measured --cases cases.tsv
  nnunet_ext biomarkers --lesion predicted -o measured --folds predicted_fold_0 predicted_fold_1 predicted_fold_2"""


@dataclass(frozen=True)
class Biomarkers:
    """Measure lesions: each field is the argument of its name, None or empty where it is not given.

    Lesions, cords, images, probabilities and masks of other folds are files, or folders in which they are paired by
    whole name.
    """

    lesion: Path
    cord: Path | None
    image: Path | None
    probability: Path | None
    folds: tuple[Path, ...]
    label_maps: bool
    out: Path
    nli_slice: str | None
    threshold: float | None
    cases: Path | None
    n_procs: int
    json: bool
    force: bool

    def run(self) -> int:
        """Measure, and answer 3 where a case was refused."""
        # scipy: a wrong argument must not wait for it.
        from nnunet_ext.evaluation.biomarkers.find_cases import Sources, find_lesion_cases  # noqa: PLC0415
        from nnunet_ext.evaluation.biomarkers.measure_one import Settings, measure_one  # noqa: PLC0415
        from nnunet_ext.evaluation.biomarkers.write_measures import describe, files_of, write_measures  # noqa: PLC0415

        inputs = [path for path in (self.lesion, self.cord, self.image, self.probability, *self.folds) if path]
        place = self._place
        place.refuse_inputs(inputs, derivatives=True)
        place.refuse_taken()
        level, levels = _levels(self.nli_slice)
        known = _known(self.cases)
        folders = (self.lesion, self.cord, self.image, self.probability, self.folds, self.label_maps)
        found = find_lesion_cases(Sources(*folders))
        strangers = sorted(set(levels) - {case.case for case in found})
        if strangers:
            raise DataRefusedError(f"--nli-slice: no lesion mask of the case {', '.join(strangers[:_SHOWN])} was found")
        if self.cases and (rowless := sorted({case.case for case in found} - set(known))):
            print(f"nnunet_ext biomarkers: warning: {no_row(self.cases, rowless, len(found))}", file=sys.stderr)
        place.begin([*files_of([case.case for case in found]), _LOG])
        describe(self.out)
        cut = _HALF if self.threshold is None else self.threshold
        settings = Settings(self.out, cut, level, tuple(levels.items()), soft=self.threshold is not None)
        with progress_bar("measure", "case") as progress:
            cases = run_all(measure_one, found, (settings,), self.n_procs, progress)
        write_measures(self.out, cases, known)
        return self._conclude(cases)

    @property
    def _place(self) -> OutputPlace:
        settings = run_settings(self)
        if self.nli_slice is not None and not self.nli_slice.isdecimal():
            settings["nli_slice"] = Path(self.nli_slice)
        title = "Lesion biomarkers of nnunet_ext"
        return OutputPlace(self.out, "biomarkers", title, force=self.force, settings=settings)

    def _conclude(self, cases: Sequence["MeasuredCase"]) -> int:
        from nnunet_ext.evaluation.biomarkers.write_measures import counts  # noqa: PLC0415

        summary = counts(cases)
        refused = [f"{case.case}: {case.reason}" for case in cases if str(case.status) == "refused"]
        notes = [f"{case.case}: {note}" for case in cases for note in case.notes]
        log = [f"nnunet_ext {__version__} biomarkers", *(f"note: {note}" for note in notes)]
        log += [f"refused: {text}" for text in refused]
        write_text(self.out / _LOG, "\n".join([*log, json.dumps(summary), ""]))
        self._place.finish()
        if self.json:
            print(json.dumps({"output": str(self.out), **summary}))
        else:
            for case in cases[:_LISTED]:
                print(_in_words(case))
            more = f"{len(cases) - _LISTED} more cases in the table\n" if len(cases) > _LISTED else ""
            print(f"{more}{self.out}: {summary['lesions']} lesions in {summary['cases']} cases; see biomarkers.tsv")
        refuse_some(refused, len(cases), "cases were not measured")
        return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.epilog = _EXAMPLES
    add = parser.add_argument
    add(
        "--lesion",
        type=Path,
        required=True,
        metavar="X",
        help="lesion mask, or a folder of them, hard or soft (0 to 1)",
    )
    add("--cord", type=Path, metavar="Y", help="cord mask or folder (default: found by name beside the lesions)")
    add("-o", dest="out", type=Path, required=True, metavar="OUT", help="folder for tables and images of instances")
    add("--label-maps", action="store_true", help="X holds label maps: 1 cord, 2 lesion, or as its dataset.json says")
    add(
        "--image",
        type=Path,
        metavar="Z",
        help="image or folder: its mean and spread inside each lesion (default: none)",
    )
    add(
        "--nli-slice", metavar="N",
        help="axial slice of the neurological level of injury, counted from 0 along the file's own axis, "
        "or a table with the columns case and nli_slice (default: none)",
    )  # fmt: skip
    add(
        "--threshold", type=finite_number, metavar="T",
        help="above it a voxel of a soft mask counts (default: 0.5); named, it also says that masks are soft: else one "
        "is taken only where most voxels are 0 or 1",
    )  # fmt: skip
    add(
        "--probability", type=Path, metavar="P",
        help="lesion probability or folder (predict --save_probabilities): intervals over thresholds 0.3, 0.5, 0.7 "
        "(default: none)",
    )  # fmt: skip
    add(
        "--folds",
        type=Path,
        nargs="+",
        default=[],
        metavar="DIR",
        help="lesion masks by other folds: intervals over them (default: none)",
    )
    add(
        "--cases",
        type=Path,
        metavar="TSV",
        help="cases.tsv: subject, session, site and contrast of each case (default: as in its name)",
    )
    add_n_procs(parser)
    add("--json", action="store_true", help="answer in JSON")
    add("--force", action="store_true", help="replace the very files that a run of other inputs left in OUT")


def from_options(options: argparse.Namespace) -> Biomarkers:
    """Take the parsed arguments."""
    if options.threshold is not None and not 0 <= options.threshold < 1:
        raise UsageError(f"--threshold needs a number from 0 up to, and not, 1, found {options.threshold:g}")
    if options.label_maps and options.cord is not None:
        raise UsageError("--label-maps hold the cord, too: leave --cord out, or give lesion masks")
    return take_options(Biomarkers, options)


def _levels(asked: str | None) -> tuple[int | None, dict[str, int]]:
    """Take one level for all cases, or a table of them."""
    if asked is None:
        return None, {}
    if asked.isdecimal():
        return int(asked), {}
    rows = _table("--nli-slice", Path(asked), ("case", "nli_slice"))
    return None, {row["case"]: _level(row) for row in rows if not is_missing(row["nli_slice"])}


def _level(row: TableRow) -> int:
    slice_number = row.number("nli_slice")
    if slice_number is None or not (slice_number >= 0 and slice_number.is_integer()):
        raise row.refused(f"a whole number from 0 was needed as nli_slice, found {row['nli_slice'][:_SHOWN]!r}")
    return int(slice_number)


def _known(path: Path | None) -> Mapping[str, Row]:
    return {} if path is None else {row["case"]: row for row in _table("--cases", path, ("case",))}


def _table(flag: str, path: Path, needed: tuple[str, ...]) -> list[TableRow]:
    if not path.is_file():
        raise UsageError(f"{flag} {path}: there is no such file")
    return read_table(path, needed, _KNOWN)


def _in_words(case: "MeasuredCase") -> str:
    totals = case.totals
    if totals is None:
        return f"{case.case}: refused: {case.reason}"
    said = [f"{totals.n_lesions} lesions, {totals.total_volume_mm3:.1f} mm3"]
    if totals.n_lesions_outside_cord:
        said.append(f"{totals.n_lesions_outside_cord} outside the cord")
    if totals.dorsal_bridge_corrected_mm is not None and totals.ventral_bridge_corrected_mm is not None:
        kind = "halves of the cord (no lesion on the midline)" if totals.bridge_is_proxy_corrected else "bridges"
        dorsal, ventral = totals.dorsal_bridge_corrected_mm, totals.ventral_bridge_corrected_mm
        said.append(f"{kind} {dorsal:.1f} dorsal, {ventral:.1f} ventral mm")
    return f"{case.case}: {'; '.join([*said, *([case.reason] if case.reason else [])])}"
