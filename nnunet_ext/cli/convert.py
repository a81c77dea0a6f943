"""`nnunet_ext convert`: BIDS folders to one nnU-Net raw dataset."""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.core.environment import required_folder
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.convert_case import ConvertedCase
from nnunet_ext.dataset_conversion.file_lists import load_file_list
from nnunet_ext.dataset_conversion.plan import make_plan
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.selection import Selection
from nnunet_ext.dataset_conversion.source import name_sources
from nnunet_ext.dataset_conversion.split_file import read_split_file
from nnunet_ext.dataset_conversion.tables import cases_tsv
from nnunet_ext.dataset_conversion.write import write_dataset


@dataclass(frozen=True)
class Convert:
    """Convert BIDS folders.

    Parameters
    ----------
    bids
        Folders, or NAME=FOLDER.
    number, name
        Of the nnU-Net dataset.
    target, profile
        Names of shipped ones, or TOML files.
    missing
        Other policies for missing labels, by class.
    test_fraction
        Of each site's patients.
    seed
        Of test patients and folds.
    unlabelled
        Everything goes to imagesTs, for prediction.
    n_procs
        Processes.
    dry_run
        Stop after the plan, and print it.
    include, exclude, split_file
        Files with the user's own lists, None where there are none.
    """

    bids: tuple[str, ...]
    number: int
    name: str
    target: str
    profile: str
    missing: tuple[tuple[str, str], ...]
    test_fraction: float
    seed: int
    unlabelled: bool
    n_procs: int
    dry_run: bool
    include: Path | None
    exclude: Path | None
    split_file: Path | None

    def run(self) -> int:
        """Convert, say what happened, and answer 3 where an image was refused."""
        dataset = RawDataset.named(required_folder("nnUNet_raw", os.environ), self.number, self.name)
        profile = load_profile(self.profile).with_missing(dict(self.missing))
        sources = name_sources(self.bids)
        plan = make_plan(
            sources,
            profile,
            load_target(self.target),
            test_fraction=self.test_fraction,
            seed=self.seed,
            labelled=not self.unlabelled,
            selection=self._selection([source.name for source in sources]),
        )
        for warning in plan.warnings:
            print(f"nnunet_ext convert: warning: {warning}", file=sys.stderr)
        if self.dry_run:
            print(cases_tsv([ConvertedCase(case) for case in plan.cases]), end="")
            return 0
        with progress_bar("convert", "image") as progress:
            done = write_dataset(dataset, plan, n_procs=self.n_procs, progress=progress)
        counts = done.counts
        print(
            f"{done.dataset.folder}: of {counts.found} images {counts.train} to train on, {counts.test} to test on, "
            f"{counts.pool} without label to predict; {counts.skipped} skipped, {counts.refused} refused"
        )
        if counts.refused:
            raise DataRefusedError(
                f"{counts.refused} of {counts.found} images were refused, the rest was converted. The reasons stand in "
                f"{done.dataset.folder / 'cases.tsv'}; mend the files and convert again or, where a label is missing "
                f"on purpose, say so: --missing lesion=empty"
            )
        return 0

    def _selection(self, datasets: list[str]) -> Selection:
        return Selection(
            include=None if self.include is None else load_file_list(self.include, datasets),
            exclude=None if self.exclude is None else load_file_list(self.exclude, datasets),
            split=None if self.split_file is None else read_split_file(self.split_file),
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.add_argument("bids", nargs="+", metavar="BIDS", help="BIDS folders; NAME=FOLDER where two share a name")
    parser.add_argument(
        "-d", dest="number", type=int, required=True, metavar="ID", help="number of the nnU-Net dataset"
    )
    parser.add_argument("-n", dest="name", required=True, metavar="NAME", help="its name")
    parser.add_argument("--target", default="cord-lesion", help="what is segmented: a name or a TOML file")
    parser.add_argument("--profile", default="auto", help="how the dataset names its files: a name or a TOML file")
    parser.add_argument(
        "--missing",
        action="append",
        default=[],
        metavar="CLASS=POLICY",
        help="what a missing label means: error (default), empty (healthy) or skip; for instance lesion=empty",
    )
    parser.add_argument("--test-fraction", type=float, default=0.2, help="of each site's patients (default 0.2)")
    parser.add_argument("--seed", type=int, default=42, help="of the draw of test patients and folds")
    parser.add_argument("--unlabelled", action="store_true", help="no label is looked for: all images go to imagesTs")
    parser.add_argument("--include", type=Path, metavar="FILE", help="take only the images on this list")
    parser.add_argument("--exclude", type=Path, metavar="FILE", help="leave out the images on this list")
    parser.add_argument("--split-file", type=Path, metavar="FILE", help="YAML with train and test, as SCIseg's")
    parser.add_argument("--dry-run", action="store_true", help="print what would become of each image, and stop")
    parser.add_argument("--n-procs", type=int, default=1, help="processes")


def from_options(options: argparse.Namespace) -> Convert:
    """Take the parsed arguments."""
    if not 0 <= options.test_fraction < 1:
        raise UsageError(f"--test-fraction needs a number from 0 up to 1, found {options.test_fraction}")
    missing = tuple((name, policy) for name, _, policy in (item.partition("=") for item in options.missing))
    return Convert(
        bids=tuple(options.bids),
        number=options.number,
        name=options.name,
        target=options.target,
        profile=options.profile,
        missing=missing,
        test_fraction=options.test_fraction,
        seed=options.seed,
        unlabelled=options.unlabelled,
        n_procs=options.n_procs,
        dry_run=options.dry_run,
        include=options.include,
        exclude=options.exclude,
        split_file=options.split_file,
    )
