"""`nnunet_ext crop-dataset`: the dataset of the cascade's second stage, and nnU-Net's plans for it."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nnunet_ext import __version__
from nnunet_ext.cascade.box import Margins
from nnunet_ext.cascade.cords import PredictedCord, find_cords, has_folds, refuse_seen_cases
from nnunet_ext.cascade.crop_dataset import JITTER_MM, TABLE, CropOptions, Cropping, crop_dataset, refuse_place
from nnunet_ext.cascade.margins import RESERVE_MM
from nnunet_ext.cli.crop_dataset.fix_plans import FixPlans
from nnunet_ext.cli.find_dataset import find_dataset
from nnunet_ext.cli.finite_number import finite_number
from nnunet_ext.cli.n_procs import add_n_procs
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.dataset_files.description import SPLITS
from nnunet_ext.core.dataset_files.folds import read_folds
from nnunet_ext.core.dataset_place import beside
from nnunet_ext.core.environment import preprocessed_folder, required_folder
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.tables import NOTHING, read_table

if TYPE_CHECKING:
    from nnunet_ext.cli.crop_dataset.predict_cords import DefaultCords

_NEXT: Final = """\
then, in this order:
  nnUNetv2_plan_and_preprocess -d {number} --no_pp        nnU-Net looks at the boxes and plans
  nnunet_ext crop-dataset --fix-plans {number}            each box is normalised as a whole
  nnUNetv2_preprocess -d {number} -c 3d_fullres           with the plans as they now are"""
_MARGINS: Final = "crop_margins_mm"
_SHOWN: Final = 10


@dataclass(frozen=True)
class CropDataset:
    """Write a boxed dataset.

    Parameters
    ----------
    source
        Number, name or folder of a raw dataset.
    number, name
        Of the new one.
    cords
        Folders with predicted cords; where there is none, the localizer that comes with the package predicts them.
    margins_file
        A `crop_metadata.json`; None derives the margins from the training cases.
    reserve
        Millimetres added to derived margins.
    jitter
        Least and most, in mm, that each face of a training box is moved by.
    seed
        Of those draws.
    update
        Whether a boxed dataset that is out of date is boxed anew.
    oof_check
        Whether a cord that was predicted by a network that trained on its case is refused.
    device
        That the package's localizer runs on.
    n_procs
        Processes.
    json
        Whether the answer is JSON.
    """

    source: str
    number: int
    name: str
    cords: tuple[Path, ...]
    margins_file: Path | None
    reserve: float
    jitter: tuple[float, float]
    seed: int
    update: bool
    oof_check: bool
    device: str
    n_procs: int
    json: bool

    def run(self) -> int:
        """Write the dataset and say what was cropped."""
        raw = required_folder("nnUNet_raw", os.environ)
        source = RawDataset(find_dataset(raw, self.source))
        dataset = RawDataset.named(raw, self.number, self.name)
        default = None if self.cords else self._default_cords(source, dataset)
        cords = find_cords(self.cords if default is None else [default.folder])
        said = []
        if default is None:
            said = _check_folds(self.cords, cords, raw) if self.oof_check else ["out of fold or not: nobody has looked"]
        made_by = None if default is None else default.made_by
        margins = _edited_margins(source.folder.name) if self.margins_file is None else _read_margins(self.margins_file)
        options = CropOptions(margins, self.reserve, self.jitter, self.seed, self.update)
        with progress_bar("crop", "case") as progress:
            done = crop_dataset(
                source, dataset, cords, options, made_by=made_by, n_procs=self.n_procs, progress=progress
            )
        if margins is None:
            _keep_margins(source.folder.name, done.margins, dataset.folder.name)
        said += _left_whole(read_table(dataset.folder / TABLE))
        for sentence in said:
            print(f"nnunet_ext crop-dataset: warning: {sentence}", file=sys.stderr)
        told = _in_words(done) if default is None else f"{_in_words(done)}; {default.in_words}"
        lines = [f"nnunet_ext {__version__} crop-dataset", *(f"warning: {text}" for text in said), told]
        write_text(dataset.folder / "crop-dataset.log", "\n".join(lines) + "\n")
        if self.json:
            print(json.dumps({"dataset": str(dataset.folder), **asdict(done.counts), **done.margins.content()}))
        else:
            print(f"{dataset.folder}: {told}\n{_NEXT.format(number=self.number)}")
        return 0

    def _default_cords(self, source: RawDataset, dataset: RawDataset) -> "DefaultCords":
        # Prediction's modules: not for --help.
        from nnunet_ext.cli.crop_dataset.predict_cords import predict_cords  # noqa: PLC0415

        refuse_place(source, dataset)
        return predict_cords(source, beside(dataset, "cords"), self.device)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.usage = (
        "nnunet_ext crop-dataset SRC -d ID -n NAME [--cords FOLDER] [options]\n"
        "       nnunet_ext crop-dataset --fix-plans ID"
    )
    parser.epilog = _NEXT.format(number="ID")
    add = parser.add_argument
    add("source", nargs="?", metavar="SRC", help="the raw dataset to box: its number, name or folder")
    add("-d", dest="number", type=int, metavar="ID", help="number of the boxed dataset (no default)")
    add("-n", dest="name", metavar="NAME", help="its name (no default)")
    add(
        "--cords", action="append", default=[], type=Path, metavar="FOLDER",
        help="predicted cords: the results of a localizer (TRAINER__PLANS__CONFIGURATION), of which the validation "
        "cases of every fold are taken, or a folder with CASE.nii.gz, as for test cases; may be given again "
        "(default: those that cord-localizer, which comes with nnunet_ext, finds)",
    )  # fmt: skip
    add(
        "-device", "--device", default="auto", metavar="DEVICE",
        help="that it runs on: cpu, cuda, cuda:1 or mps (default: the best there is)",
    )  # fmt: skip
    add(
        "--margins-file", type=Path, metavar="JSON",
        help="margins in mm, with the six keys of crop_metadata.json (default: those that you wrote into "
        "spine_plan.json of SRC, crop_margins_mm, else the smallest that keep every label)",
    )  # fmt: skip
    add("--reserve", type=finite_number, default=RESERVE_MM, metavar="MM", help="added to the latter")
    add(
        "--jitter", type=finite_number, nargs=2, default=JITTER_MM, metavar=("LEAST", "MOST"),
        help="mm that each face of a training box is moved by, outwards where positive",
    )  # fmt: skip
    add("--seed", type=int, default=42, metavar="N", help="of these moves")
    add("--update", action="store_true", help="box anew where SRC, its cords or the options have changed since")
    add(
        "--oof-check", action=argparse.BooleanOptionalAction, default=True,
        help="refuse cords that were predicted by a fold that trained on their case (default)",
    )  # fmt: skip
    add_n_procs(parser)
    add("--json", action="store_true", help="answer in JSON")
    add(
        "--fix-plans",
        metavar="ID",
        help="number or name of a boxed dataset that nnU-Net has planned, or a plans file (default: box SRC)",
    )


def from_options(options: argparse.Namespace) -> CropDataset | FixPlans:
    """Take the parsed arguments."""
    needed = {"SRC": options.source, "-d": options.number, "-n": options.name}
    missing = [flag for flag, value in needed.items() if value is None]
    if options.fix_plans is not None:
        if len(missing) < len(needed) or options.cords:
            raise UsageError("--fix-plans stands alone; run: nnunet_ext crop-dataset --fix-plans ID")
        return FixPlans(options.fix_plans, options.json)
    if missing:
        raise UsageError(f"{', '.join(missing)} missing; see: nnunet_ext crop-dataset --help")
    least, most = options.jitter
    if least > most or options.reserve < 0 or options.seed < 0:
        raise UsageError("--jitter needs the least first, and --reserve and --seed numbers from 0 up")
    given = {name: value for name, value in vars(options).items() if name in CropDataset.__dataclass_fields__}
    return CropDataset(**{**given, "cords": tuple(options.cords), "jitter": (least, most)})


def _check_folds(folders: Sequence[Path], cords: Mapping[str, PredictedCord], raw: Path) -> list[str]:
    """Compare the folds of each localizer with its splits, and say of which folders nothing is known."""
    said = []
    for folder in folders:
        mine = {case: cord for case, cord in cords.items() if cord.file.is_relative_to(folder)}
        if not has_folds(folder):
            said.append(
                f"{folder}: whether its {len(mine)} cords come from a network that had not seen them is unknown"
            )
            continue
        splits = _find_splits(folder.resolve().parent.name, raw)
        refuse_seen_cases(mine, set(mine), read_folds(splits.parent), splits)
    return said


def _find_splits(dataset: str, raw: Path) -> Path:
    preprocessed = preprocessed_folder(dataset, os.environ)
    folders = [*([preprocessed] if preprocessed else []), raw / dataset]
    for file in [folder / SPLITS for folder in folders]:
        if file.is_file():
            return file
    looked = " or ".join(str(folder.parent) for folder in folders)
    raise DataRefusedError(
        f"{dataset}: the localizer's {SPLITS} was needed, to see that each cord was predicted by a fold that had not "
        f"seen its case; found none in {looked}; put it there, or give --no-oof-check"
    )


def _read_margins(file: Path) -> Margins:
    return Margins.from_content(
        read_json_object(file, "a JSON file with the six keys of crop_metadata.json was needed")
    )


def _edited_margins(dataset: str) -> Margins | None:
    """Find margins that a user wrote into a dataset's spine plan; as they were derived, they are derived anew."""
    from nnunet_ext.trainers.spine_plan import read_spine_plan  # noqa: PLC0415 - not for --help

    folder = preprocessed_folder(dataset, os.environ)
    plan = None if folder is None else read_spine_plan(folder)
    if plan is None or not plan.crop_margins_mm or not plan.is_edited(_MARGINS):
        return None
    return Margins(**plan.crop_margins_mm)


def _keep_margins(dataset: str, margins: Margins, boxed: str) -> None:
    """Write derived margins into the spine plan of a dataset, if it has one, for the user to see."""
    from nnunet_ext.trainers.renew_spine_plan import keep_derived  # noqa: PLC0415 - not for --help

    folder = preprocessed_folder(dataset, os.environ)
    if folder is not None:
        why = f"keep every label voxel of the training cases, and a reserve; see crop.json of {boxed}"
        keep_derived(folder, _MARGINS, margins.by_face(), why)


def _left_whole(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Name, for each reason, the cases that kept their whole image."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row["whole_image"] != NOTHING:
            reasons.setdefault(f"{row['split']} cases: {row['whole_image']}", []).append(row["case"])
    return [
        f"{len(cases)} {reason}, and their whole image is kept: {first_few(cases, _SHOWN)}"
        for reason, cases in reasons.items()
    ]


def _in_words(done: Cropping) -> str:
    counts = done.counts
    margins = ", ".join(f"{face} {mm:g}" for face, mm in done.margins.by_face().items())
    return (
        f"{counts.cases} cases, {counts.whole_image} of them with their whole image; the boxes keep "
        f"{100 * counts.median_kept_share:.1f} % of the voxels (median); {counts.widened} were widened for "
        f"{counts.label_voxels_at_risk} label voxels, none is lost; {counts.test_label_voxels_outside} label voxels of "
        f"test cases lie outside their box; margins in mm: {margins}"
    )
