"""`nnunet_ext convert`: BIDS folders to one nnU-Net raw dataset."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

from nnunet_ext.cli.asked_profiles import asked_profiles
from nnunet_ext.cli.convert.log import in_words, warn_of_lost_sets, write_log
from nnunet_ext.cli.convert.page import PAGE, page_is_current, write_conversion_page
from nnunet_ext.cli.finite_number import finite_number
from nnunet_ext.cli.n_procs import add_n_procs
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.dataset_place import stands
from nnunet_ext.core.environment import preprocessed_folder, required_folder
from nnunet_ext.core.errors import DataRefusedError, NnunetExtError, UsageError
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.bids_validation import summary, validate_bids
from nnunet_ext.dataset_conversion.cases_table import case_row, cases_tsv, read_cases
from nnunet_ext.dataset_conversion.convert_case import ConvertedCase
from nnunet_ext.dataset_conversion.existing import Existing, read_existing
from nnunet_ext.dataset_conversion.file_lists import load_file_list
from nnunet_ext.dataset_conversion.grow import grow_dataset
from nnunet_ext.dataset_conversion.ledger import Conversion
from nnunet_ext.dataset_conversion.plan import Labels, Plan, PlanOptions, make_plan
from nnunet_ext.dataset_conversion.plan_file import read_plan, write_plan
from nnunet_ext.dataset_conversion.profile import AUTO, Profile, load_profile
from nnunet_ext.dataset_conversion.selection import Selection
from nnunet_ext.dataset_conversion.source import Source, name_sources
from nnunet_ext.dataset_conversion.split_file import read_split_file
from nnunet_ext.dataset_conversion.write import write_dataset

_EXAMPLES: Final = """\
examples (nnunet_ext env sets nnUNet_raw, where the dataset is made):
  what would happen:     nnunet_ext convert /data/zurich_bids -d 501 -n CordLesion --dry-run
  two sites, one set:    nnunet_ext convert /data/zurich_bids /data/paris_bids -d 501 -n CordLesion -np 4
  healthy, not missing:  nnunet_ext convert /data/zurich_bids -d 501 -n CordLesion --missing lesion=empty
  your own file names:   nnunet_ext convert /data/zurich_bids -d 501 -n CordLesion --profile mine.toml
  decide case by case:   nnunet_ext convert /data/zurich_bids -d 501 -n CordLesion --write-plan plan
  (edit plan/cases.tsv)  nnunet_ext convert /data/zurich_bids -d 501 -n CordLesion --plan plan
  one more site, later:  nnunet_ext convert /data/zurich_bids /data/geneva_bids -d 501 -n CordLesion --append
Look at qc.html in the dataset's folder, then go on with: nnUNetv2_plan_and_preprocess -d 501
exit: 0 done; 3 images were refused, each with its reason in cases.tsv, and the rest converted; 5 the name is taken"""


@dataclass(frozen=True)
class Convert:
    """Convert BIDS folders.

    Parameters
    ----------
    bids
        Folders, or NAME=FOLDER.
    number, name
        Of the nnU-Net dataset.
    target
        Name of a shipped one, or a TOML file.
    profiles
        Names of shipped ones or TOML files, each for all datasets or, as DATASET=PROFILE, for one.
    missing
        Other policies for missing labels and channels, by name.
    test_fraction
        Of each site's patients.
    seed
        Of test patients and folds.
    labels
        Which images are expected to have labels.
    append, update
        Whether the dataset stands already and is added to, and whether what has changed is converted anew, too.
    resample, register
        Whether masks and further channels on other grids are brought onto their image's.
    n_procs
        Processes.
    validate_bids
        Whether the BIDS validator is asked for a report.
    pictures
        Cases with nothing unusual that have a picture on the page.
    json
        Whether the answer is JSON.
    dry_run
        Stop after the plan, and print it.
    write_plan, plan
        Folders of a plan: to leave it in before stopping, and to take it from.
    include, exclude, split_file
        Files with the user's own lists, None where there are none.
    """

    bids: tuple[str, ...]
    number: int
    name: str
    target: str
    profiles: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]
    test_fraction: float
    seed: int
    labels: Labels
    append: bool
    update: bool
    resample: bool
    register: bool
    n_procs: int
    dry_run: bool
    validate_bids: bool
    pictures: int
    json: bool
    write_plan: Path | None
    plan: Path | None
    include: Path | None
    exclude: Path | None
    split_file: Path | None

    def run(self) -> int:
        """Convert, say what happened, and answer 3 where an image was refused."""
        dataset = RawDataset.named(required_folder("nnUNet_raw", os.environ), self.number, self.name)
        grows = self.append or self.update
        if grows and not stands(dataset):
            flag = "--update" if self.update else "--append"
            raise UsageError(f"{flag} needs a dataset, found none: {dataset.folder}; leave {flag} out to make it")
        sources = name_sources(self.bids)
        if self.dry_run or self.write_plan is not None:
            self._show(self._plan(sources, read_existing(dataset) if grows else None))
            return 0
        done = self._write(dataset, sources)
        if self.validate_bids:
            _validate_bids(sources, dataset)
        if not page_is_current(dataset):
            with progress_bar("draw", "case") as progress:
                write_conversion_page(dataset, sources, self.pictures, self.n_procs, progress)
        rows = read_cases(dataset.folder)
        warn_of_lost_sets(rows, done.plan)
        write_log(done, rows)
        return self._conclude(done)

    def _write(self, dataset: RawDataset, sources: Sequence[Source]) -> Conversion:
        """Plan, and make the dataset or add to it."""
        preprocessed = preprocessed_folder(dataset.folder.name, os.environ)
        with progress_bar("convert", "case") as progress:
            if not (self.append or self.update):
                plan = self._plan(sources, None)
                return write_dataset(dataset, plan, preprocessed=preprocessed, n_procs=self.n_procs, progress=progress)
            return grow_dataset(
                dataset, partial(self._plan, sources), update=self.update, preprocessed=preprocessed,
                n_procs=self.n_procs, progress=progress,
            )  # fmt: skip

    def _show(self, plan: Plan) -> None:
        if self.write_plan is not None:
            write_plan(self.write_plan, plan)
            print(f"{self.write_plan}: the plan. Edit its cases.tsv, then convert with --plan {self.write_plan}")
        if self.dry_run:
            print(cases_tsv(case_row(ConvertedCase(case)) for case in plan.cases), end="")

    def _plan(self, sources: Sequence[Source], existing: Existing | None) -> Plan:
        """Make or read the plan, and say what was assumed."""
        plan = self._planned(sources, existing) if self.plan is None else read_plan(self.plan, sources)
        for kind, sentences in (("assumed", plan.assumptions), ("warning", plan.warnings)):
            for sentence in sentences:
                print(f"nnunet_ext convert: {kind}: {sentence}", file=sys.stderr)
        return plan

    def _planned(self, sources: Sequence[Source], existing: Existing | None) -> Plan:
        names = [source.name for source in sources]
        include, exclude = (
            None if file is None else load_file_list(file, names) for file in (self.include, self.exclude)
        )
        split = None if self.split_file is None else read_split_file(self.split_file)
        options = PlanOptions(
            test_fraction=self.test_fraction,
            seed=self.seed,
            labels=self.labels,
            selection=Selection(include, exclude, split),
            known={} if existing is None else existing.known,
            missing=dict(self.missing),
            resample=self.resample,
            register=self.register,
        )
        return make_plan(sources, self._profiles(sources), load_target(self.target), options)

    def _profiles(self, sources: Sequence[Source]) -> dict[str, Profile]:
        """Read which profile each dataset has: its own, else that for all, else `auto`."""
        names = {source.name for source in sources}
        chosen = {**dict.fromkeys(names, AUTO), **asked_profiles(self.profiles, names)}
        loaded = {asked: load_profile(asked) for asked in set(chosen.values())}
        return {name: loaded[asked] for name, asked in chosen.items()}

    def _conclude(self, done: Conversion) -> int:
        counts, folder = done.counts, done.dataset.folder
        if self.json:
            print(json.dumps({"dataset": str(folder), "page": str(folder / PAGE), "images": asdict(counts)}))
        else:
            print(f"{folder}: {in_words(counts)}\nLook at {folder / PAGE}")
            planned = preprocessed_folder(folder.name, os.environ)
            if (self.append or self.update) and planned is not None and planned.is_dir():
                print(
                    "Our trainers preprocess what is new or has changed by themselves; before nnU-Net's own, run: "
                    f"nnUNetv2_preprocess -d {self.number}"
                )
        for case, reason in sorted(done.kept.items()):
            print(f"nnunet_ext convert: warning: {case} has changed and stays as it was: {reason}", file=sys.stderr)
        if done.kept:
            raise DataRefusedError(
                f"{len(done.kept)} of the changed cases could not be taken over and stay as they were, for the reasons "
                f"above; mend their files, and run the same command again"
            )
        if counts.refused:
            raise DataRefusedError(
                f"{counts.refused} of {counts.found} images were refused, the rest was converted. The reasons stand in "
                f"{folder / 'cases.tsv'}; mend the files or, where a label is missing on purpose, say so "
                f"(--missing lesion=empty), and run the same command with --append"
            )
        return 0


def _validate_bids(sources: Sequence[Source], dataset: RawDataset) -> None:
    """Report what the BIDS validator says; whatever that is, the conversion stands."""
    reports = {}
    for source in sources:
        try:
            reports[source.name] = validate_bids(source)
        except NnunetExtError as error:
            print(f"nnunet_ext convert: warning: {error}", file=sys.stderr)
            continue
        print(f"nnunet_ext convert: bids-validator on {source.name}: {summary(reports[source.name])}", file=sys.stderr)
    if reports:
        write_json(dataset.folder / "bids_validation.json", reports)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.epilog = _EXAMPLES
    add = parser.add_argument
    add("bids", nargs="+", metavar="BIDS", help="BIDS folders; NAME=FOLDER where two share a name")
    add("-d", dest="number", type=int, required=True, metavar="ID", help="number of the nnU-Net dataset")
    add("-n", dest="name", required=True, metavar="NAME", help="its name")
    add("--target", default="cord-lesion", help="what is segmented: a name or a TOML file")
    add(
        "--profile", action="append", default=[], dest="profiles", metavar="[DATASET=]PROFILE",
        help="how a dataset names its files: a name or a TOML file (default: auto)",
    )  # fmt: skip
    add(
        "--missing", action="append", default=[], metavar="CLASS=POLICY",
        help="what a missing label means: error, empty (healthy), ignore (nobody has looked) or skip; of a "
        "missing channel: error, skip or zero; for instance lesion=empty "
        "(default: as the profile says, else error)",
    )  # fmt: skip
    add("--test-fraction", type=finite_number, default=0.2, metavar="SHARE", help="of each site's patients")
    add("--seed", type=int, default=42, metavar="N", help="of the draw of test patients and folds")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--unlabelled", action="store_true", help="no label is looked for: all images go to imagesTs")
    which.add_argument(
        "--pool", action="store_true", help="images without any label are the pool of the correction loop"
    )
    add("--append", action="store_true", help="add new cases to the dataset that stands; its own stay as they are")
    add(
        "--update", action="store_true",
        help="as --append, and convert those cases anew whose images, masks or site have changed since",
    )  # fmt: skip
    add("--resample", choices=["nearest"], help="resample masks on another grid to their image (default: refuse them)")
    add("--register", choices=["affine"], help="register further channels to the first (default: refuse other grids)")
    add("--include", type=Path, metavar="FILE", help="take only the images on this list (default: all)")
    add("--exclude", type=Path, metavar="FILE", help="leave out the images on this list (default: none)")
    add("--split-file", type=Path, metavar="FILE", help="YAML with train and test, as SCIseg's (default: draw them)")
    add("--dry-run", action="store_true", help="print what would become of each image, and stop")
    add("--write-plan", type=Path, metavar="DIR", help="leave the plan there, to be edited, and stop (default: go on)")
    add(
        "--plan", type=Path, metavar="DIR",
        help="convert by this plan, of --write-plan or of a dataset; it says all but the folders (default: plan anew)",
    )  # fmt: skip
    add("--validate-bids", action="store_true", help="report what bids-validator-deno says, where it is installed")
    add("--pictures", type=int, default=24, metavar="N", help="pictures in qc.html of cases that are not unusual")
    add("--json", action="store_true", help="answer in JSON")
    add_n_procs(parser)


def from_options(options: argparse.Namespace) -> Convert:
    """Take the parsed arguments."""
    if not 0 <= options.test_fraction < 1:
        raise UsageError(f"--test-fraction needs a number from 0 up to 1, found {options.test_fraction}")
    if options.plan is not None and (options.append or options.update):
        raise UsageError("--plan says itself who is in which set, and --append takes that from the dataset: give one")
    given = {name: value for name, value in vars(options).items() if name in Convert.__dataclass_fields__}
    read = {
        "bids": tuple(options.bids),
        "profiles": tuple(options.profiles),
        "missing": tuple((name, policy) for name, _, policy in (item.partition("=") for item in options.missing)),
        "labels": Labels.NONE if options.unlabelled else Labels.POOL if options.pool else Labels.NEEDED,
        "resample": options.resample is not None,
        "register": options.register is not None,
    }
    return Convert(**{**given, **read})
