"""`nnunet_ext inject`: a BIDS dataset of real images with synthetic lesions, and their masks."""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nnunet_ext import __version__
from nnunet_ext.cli.n_procs import add_n_procs
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.cli.refuse_some import refuse_some
from nnunet_ext.cli.run_settings import run_settings
from nnunet_ext.cli.take_options import take_options
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.bids_ignore import write_bids_ignore
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.output_place import DESCRIPTION, OutputPlace
from nnunet_ext.core.provenance import derivative_description
from nnunet_ext.core.tables import table_text
from nnunet_ext.core.workers import run_all
from nnunet_ext.phantom.lesions import Pathology

if TYPE_CHECKING:
    from nnunet_ext.cli.inject.find_tasks import Task
    from nnunet_ext.cli.inject.inject_one import Outcome

_KINDS: Final = (Pathology.SCI, Pathology.MS, Pathology.TUMOUR)
_TABLE: Final = "injected.tsv"
_COLUMNS: Final = "injected.json"
_PARTICIPANTS: Final = "participants.tsv"
_LOG: Final = "inject.log"
_TITLE: Final = "Real images with synthetic lesions"
_SHOWN: Final = 5
_EXAMPLES: Final = """\
examples:
  one disease an image:      nnunet_ext inject /data/healthy -o injected
  many tries of a few:       nnunet_ext inject /data/healthy -o injected --per-image 10 --seed 7
  plaques only, in T2w:      nnunet_ext inject /data/healthy -o injected --kinds ms --suffix T2w
  a quarter left healthy:    nnunet_ext inject /data/healthy -o injected --per-image 4 --kinds sci ms tumor healthy
then judge a model by lesions that are known to the voxel, and look for false ones in the same images without them:
  nnunet_ext predict -i injected -o predicted -m MODEL && nnunet_ext evaluate injected predicted -o scores
  nnunet_ext predict -i /data/healthy -o as_they_were -m MODEL
or train on them: nnunet_ext convert injected -d 501 -n Injected
Cord masks are found as `convert` finds them; injected.tsv says what was put where, injected.json what that means."""


@dataclass(frozen=True)
class Inject:
    """Inject lesions: each field is the argument of its name."""

    bids: Path
    out: Path
    kinds: tuple[Pathology, ...]
    per_image: int
    seed: int
    naming: Dialect
    profile: str
    participants: tuple[str, ...]
    sessions: tuple[str, ...]
    suffixes: tuple[str, ...]
    own_lesions: bool
    n_procs: int
    json: bool
    force: bool

    def run(self) -> int:
        """Write the dataset, say what is in it, and answer 3 where an image was refused."""
        # scipy: a wrong argument must not wait for it.
        from nnunet_ext.cli.inject.find_tasks import Wish, find_tasks  # noqa: PLC0415
        from nnunet_ext.cli.inject.inject_one import files_of, inject_one  # noqa: PLC0415
        from nnunet_ext.dataset_conversion.source import name_sources  # noqa: PLC0415

        place = OutputPlace(self.out, "inject", _TITLE, force=self.force, settings=run_settings(self))
        place.refuse_inputs([self.bids])
        place.refuse_taken()
        chosen = (self.participants, self.sessions, self.suffixes)
        wish = Wish(self.kinds, self.per_image, self.seed, self.profile, *chosen, self.own_lesions)
        [source] = name_sources([str(self.bids)])
        tasks = find_tasks(source, wish)
        self._refuse_nothing(tasks)
        files = [name for task in tasks for name in files_of(task, self.naming)]
        place.begin([*files, *self._tables])
        self._describe_labels()
        with progress_bar("inject", "image") as progress:
            shared = (self.out, self.naming, self.own_lesions)
            outcomes = run_all(inject_one, tasks, shared, self.n_procs, progress)
        self._write_tables(outcomes)
        place.finish()
        return self._conclude(outcomes)

    @property
    def _tables(self) -> tuple[str, ...]:
        from nnunet_ext.cli.inject.inject_one import LABELS  # noqa: PLC0415

        return f"{LABELS}/{DESCRIPTION}", _TABLE, _COLUMNS, _PARTICIPANTS, _LOG

    def _refuse_nothing(self, tasks: Sequence["Task"]) -> None:
        if all(task.reason for task in tasks):
            reasons = Counter(task.reason for task in tasks).most_common(_SHOWN)
            told = "; ".join(f"{count} left out: {reason}" for reason, count in reasons) or "found no image"
            raise DataRefusedError(f"{self.bids}: an image with a cord mask was needed; {told}")

    def _describe_labels(self) -> None:
        from nnunet_ext.cli.inject.inject_one import LABELS  # noqa: PLC0415

        described = derivative_description("Masks of cords and synthetic lesions") | {"DatasetLinks": {"raw": "../.."}}
        write_json(self.out / LABELS / DESCRIPTION, described)
        if self.naming is not Dialect.BIDS:
            write_bids_ignore(self.out / LABELS, "/sub-*")  # none of the labs' names is one of BIDS'

    def _write_tables(self, outcomes: Sequence["Outcome"]) -> None:
        from nnunet_ext.cli.inject.table import COLUMNS, injected_table  # noqa: PLC0415

        write_text(self.out / _TABLE, injected_table(outcomes))
        write_json(self.out / _COLUMNS, COLUMNS)
        sites = {one.task.subject: one.task.site for one in outcomes if not one.task.reason}
        people = [{"participant_id": subject, "site": site} for subject, site in sorted(sites.items())]
        write_text(self.out / _PARTICIPANTS, table_text(people, ["participant_id", "site"]))
        told = [f"{one.task.source}: {one.task.reason}" for one in outcomes if one.task.reason]
        write_text(self.out / _LOG, "\n".join([f"nnunet_ext {__version__} inject", *told, ""]))

    def _conclude(self, outcomes: Sequence["Outcome"]) -> int:
        from nnunet_ext.cli.inject.table import status_of  # noqa: PLC0415

        counts = Counter(map(status_of, outcomes))
        images = {status: counts[status] for status in ("injected", "healthy", "skipped", "refused")}
        lesions = sum(len(outcome.lesions) for outcome in outcomes)
        if self.json:
            answer = {"output": str(self.out), "table": str(self.out / _TABLE), "images": images, "lesions": lesions}
            print(json.dumps(answer))
        else:
            said = ", ".join(f"{count} {status}" for status, count in images.items() if count)
            print(f"{self.out}: {lesions} lesions; images: {said}; see {_TABLE}")
        refused = [f"{one.task.source}: {one.task.reason}" for one in outcomes if one.task.refused]
        refuse_some(refused, len(outcomes), "images got no lesions")
        return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.epilog = _EXAMPLES
    add = parser.add_argument
    add("bids", type=Path, metavar="BIDS", help="dataset of real images with cord masks; it is only ever read")
    add("-o", dest="out", type=Path, required=True, metavar="OUT", help="folder of the new BIDS dataset")
    add(
        "--kinds", nargs="+", type=Pathology, choices=[*_KINDS, Pathology.HEALTHY], default=list(_KINDS),
        help="one of which each image gets: an injury, several plaques, a tumour with oedema, or nothing",
    )  # fmt: skip
    add("--per-image", type=int, default=1, metavar="N", help="images to make of each, which take the kinds in turn")
    add("--seed", type=int, default=1, metavar="N", help="the same seed gives the same bytes")
    add(
        "--naming", type=Dialect, choices=list(Dialect), default=Dialect.NEUROPOLY,
        help="of masks: sub-01_T2w_label-SC_seg (neuropoly), _seg-manual (manual), label-SC_desc-T2w_mask (bids)",
    )  # fmt: skip
    add("--profile", default="auto", metavar="PROFILE", help="how BIDS names its files: a name or a TOML file")
    for flag, dest, metavar, what in (
        ("--participant-label", "participants", "LABEL", "subjects"),
        ("--session-label", "sessions", "LABEL", "sessions"),
        ("--suffix", "suffixes", "T2w", "contrasts"),
    ):
        add(flag, dest=dest, nargs="+", default=[], metavar=metavar, help=f"only these {what} (default: all)")
    add(
        "--own-lesions", action="store_true",
        help="take images that have lesions already, too: only the injected ones are in the new masks",
    )  # fmt: skip
    add_n_procs(parser)
    add("--json", action="store_true", help="answer in JSON")
    add("--force", action="store_true", help="replace the very files that a run of other settings left in OUT")


def from_options(options: argparse.Namespace) -> Inject:
    """Take the parsed arguments."""
    if options.per_image < 1:
        raise UsageError(f"--per-image needs a number from 1, found {options.per_image}")
    if options.seed < 0:
        raise UsageError(f"a seed is 0 or more, found {options.seed}")
    return take_options(Inject, options)
