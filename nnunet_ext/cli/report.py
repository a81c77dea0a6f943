"""`nnunet_ext report`: pages to look at, mark and pass on, from what any verb left."""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext import __version__
from nnunet_ext.cli.n_procs import add_n_procs
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.cli.run_settings import run_settings
from nnunet_ext.cli.take_options import take_options
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.output_place import OutputPlace

_EPILOG: Final = """\
each DIR is recognised by what lies in it, and may be given in any order:
  metrics.tsv         nnunet_ext evaluate     metrics, and the masks and images that inputs.tsv names
  biomarkers.tsv      nnunet_ext biomarkers   lesions and tissue bridges
  predictions.tsv     nnunet_ext predict      masks, warnings, disagreement of the folds
  progress.tsv, training_log_*.txt            training curves, of ours or of plain nnU-Net
  comparison.tsv      nnunet_ext agreement    tables and figures

examples:
  nnunet_ext report evaluated -o report
  nnunet_ext report evaluated biomarkers nnUNet_results/Dataset501_SCI/nnUNetTrainerSCI__nnUNetPlans__3d_fullres \\
      -o report --images nnUNet_raw/Dataset501_SCI --viewer --n-procs 4

exit: 0 done; 2 usage; 3 a file or case was refused (the pages name it and show the rest); 5 OUT holds another report"""
_SHOWN: Final = 10
_FOLDER: Final = "report"
_LOG: Final = "report.log"


@dataclass(frozen=True)
class Report:
    """Write a report: each field is the argument of its name, None or empty where it is not given."""

    folders: tuple[Path, ...]
    out: Path
    images: Path | None
    title: str
    viewer: bool
    n_procs: int
    force: bool
    json: bool

    def run(self) -> int:
        """Write the pages; answer 3 where a case was refused."""
        # Here, so that help is instant: drawing needs pandas, matplotlib and scipy.
        from nnunet_ext.report.review.write_report import report_files, write_report  # noqa: PLC0415
        from nnunet_ext.report.sources.gather import gather  # noqa: PLC0415

        for folder in (*self.folders, *([self.images] if self.images else [])):
            if not folder.is_dir():
                raise DataRefusedError(
                    f"{folder}: a folder was needed and there is none; see: nnunet_ext report --help"
                )
        place = OutputPlace(self.out, "report", self.title, force=self.force, settings=run_settings(self))
        place.refuse_taken()
        gathered = gather(self.folders, self.images)
        place.begin([*report_files(gathered), _LOG])
        with progress_bar("draw", "case") as progress:
            written = write_report(
                gathered, self.out, self.title, viewer=self.viewer, n_procs=self.n_procs, progress=progress
            )
        files = list(written.files)
        if self.viewer:
            from nnunet_ext.report.desk.write_page import write_desk_page  # noqa: PLC0415
            from nnunet_ext.report.viewer.write_viewer import write_viewer  # noqa: PLC0415

            with progress_bar("viewer", "case") as progress:
                files.append(write_viewer(gathered, written.content, self.out, n_procs=self.n_procs, progress=progress))
            with progress_bar("correct", "case") as progress:
                files.append(
                    write_desk_page(gathered, written.content, self.out, n_procs=self.n_procs, progress=progress)
                )
        self._tell(files, len(gathered.cases), written.broken, written.content.problems)
        place.finish()
        return DataRefusedError.exit_code if written.broken or written.content.problems else 0

    def _tell(self, files: list[Path], cases: int, broken: tuple[str, ...], problems: tuple[str, ...]) -> None:
        size = sum(file.stat().st_size for file in files) / 2**20
        lines = [f"nnunet_ext {__version__} report: {cases} cases, {len(files)} pages, {size:.1f} MiB"]
        write_text(self.out / _LOG, "\n".join([*lines, *(f"warning: {text}" for text in problems)]) + "\n")
        for text in problems[:_SHOWN]:
            print(f"nnunet_ext report: warning: {text}", file=sys.stderr)
        if len(problems) > _SHOWN:
            print(f"nnunet_ext report: warning: and {len(problems) - _SHOWN} more, all on the page", file=sys.stderr)
        if self.json:
            told = {"report": str(files[0]), "cases": cases, "refused": list(broken), "mib": round(size, 2)}
            print(json.dumps(told))
            return
        refused = f", {len(broken)} refused or with a refused file" if broken else ""
        print(
            f"{files[0]}: {cases} cases{refused}; {len(files)} pages, {size:.1f} MiB; "
            "open it in a browser, where ? shows the keys"
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.epilog = _EPILOG
    add = parser.add_argument
    add("folders", nargs="+", type=Path, metavar="DIR", help="what a verb left, or a training's folder")
    add("-o", dest="out", type=Path, metavar="OUT", help="folder of the report (default: report/ in the first DIR)")
    add(
        "--images",
        type=Path,
        metavar="FOLDER",
        help="images, as a raw dataset of nnU-Net, a BIDS dataset or any folder (default: those that the tables name)",
    )
    add("--title", default="Spinal cord segmentation", metavar="T", help="title of the pages")
    add(
        "--viewer",
        action="store_true",
        help="a 3-D viewer, too: viewer.html, with the cord-cropped volumes inside; and correct.html, to correct masks",
    )
    add_n_procs(parser)
    add("--force", action="store_true", help="replace the very files that another report left in OUT")
    add("--json", action="store_true", help="answer in JSON")


def from_options(options: argparse.Namespace) -> Report:
    """Take the parsed arguments."""
    return take_options(Report, options, out=options.out or options.folders[0] / _FOLDER)
