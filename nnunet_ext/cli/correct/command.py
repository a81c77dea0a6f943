"""`nnunet_ext correct`: masks of any folder are corrected in the browser."""

import argparse
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

from nnunet_ext.active_learning.exchange.sent_masks import SENT
from nnunet_ext.cli.correct.desk_options import DeskOptions, add_desk_options, desk_options
from nnunet_ext.core.errors import DataRefusedError, UsageError

_SHOWN: Final = 10
_POLICIES: Final = ("refuse", "clip", "keep")
_EXAMPLES: Final = """\
examples:
  what predict left:     nnunet_ext correct predicted --images /data/bids
  the worst ones first:  nnunet_ext correct predicted --images /data/bids --scores scores
  a lab's own dataset:   nnunet_ext correct /data/bids -o /data/bids_corrected --rater ann
  without a display:     nnunet_ext correct predicted --no-browser --port 8000
Nothing in FOLDER is written. Each case is saved when it is left, and every few seconds as a draft; the same command
goes on where you were. Every tool has a key: ? on the page shows them."""


@dataclass(frozen=True)
class Correct:
    """Correct the masks of a folder.

    Parameters
    ----------
    folder
        Of masks, with their images or without.
    out
        Where corrected masks go; None for beside the folder.
    images, scores, target
        See `AskedFolder`.
    policy
        For lesion voxels outside the cord: `refuse`, `clip` or `keep`.
    how
        The desk is served.
    """

    folder: Path
    out: Path | None
    images: Path | None
    scores: Path | None
    target: str | None
    policy: Literal["refuse", "clip", "keep"]
    how: DeskOptions

    def run(self) -> int:
        """Serve the desk until it is ended."""
        # Imported here: help must not wait for scipy and pandas.
        from nnunet_ext.cli.correct.corrected_place import CorrectedPlace  # noqa: PLC0415
        from nnunet_ext.cli.correct.folder_queue import AskedFolder, folder_queue  # noqa: PLC0415
        from nnunet_ext.cli.correct.serve_desk import serve_desk  # noqa: PLC0415
        from nnunet_ext.correction.desk import Desk  # noqa: PLC0415

        self._refuse_loop()
        for flag, path in (("FOLDER", self.folder), ("--images", self.images), ("--scores", self.scores)):
            if path is not None and not path.is_dir():
                raise DataRefusedError(f"{flag}: a folder was needed, and there is none at {path}; check the path")
        place = CorrectedPlace.beside(self.folder) if self.out is None else CorrectedPlace(self.out, self.folder)
        place.refuse_other()
        out = place.out
        queue = folder_queue(AskedFolder(self.folder, out, self.images, self.scores, self.target))
        place.begin(bids=queue.bids)
        for problem in queue.problems[:_SHOWN]:
            print(f"nnunet_ext correct: warning: {problem}", file=sys.stderr)
        if len(queue.problems) > _SHOWN:
            print(f"nnunet_ext correct: and {len(queue.problems) - _SHOWN} more are left out", file=sys.stderr)
        desk = Desk(self.folder.resolve().name, self.how.rater, queue.cases, queue.regions, out, self.policy)
        return serve_desk(desk, self.how, partial(self._following, out), verb="correct")

    def _following(self, out: Path, saved: int) -> str:
        """Say how to see what was changed; with nothing saved, how to go on."""
        if saved:
            return f"nnunet_ext evaluate {out} {self.folder} -o {out}-scores"
        return f"nnunet_ext correct {self.folder}{'' if self.out is None else f' -o {self.out}'}"

    def _refuse_loop(self) -> None:
        """Refuse what a round gave out: what is corrected there belongs into the rater's own folder."""
        if any((folder / SENT).is_file() for folder in (self.folder, self.folder.resolve().parent)):
            raise UsageError(
                f"{self.folder}: masks of no correction loop were needed, and these are a round's; correct them where "
                "the loop takes them in: nnunet_ext active correct ROUNDS"
            )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.epilog = _EXAMPLES
    add = parser.add_argument
    add("folder", type=Path, metavar="FOLDER", help="masks that predict or a lab left, with their images or without")
    add(
        "-o", "--out", type=Path, metavar="OUT",
        help="the folder of corrected masks, under the names that they have (default: FOLDER-corrected, beside it)",
    )  # fmt: skip
    add("--images", type=Path, metavar="DIR", help="where the images lie (default: FOLDER, or what it was made from)")
    add(
        "--scores",
        type=Path,
        metavar="DIR",
        help="what evaluate left of them: the worst come first (no default)",
    )
    add("--target", metavar="NAME", help="what the masks are of (default: what dataset.json says, else cord-lesion)")
    add(
        "--lesion-outside-cord", dest="policy", choices=_POLICIES, default=_POLICIES[0],
        help="what becomes of a lesion that reaches out of the cord",
    )  # fmt: skip
    add_desk_options(parser, "who corrects, for the records (default: nobody by name)")


def from_options(options: argparse.Namespace) -> Correct:
    """Take the parsed arguments.

    Raises
    ------
    UsageError
        See `desk_options`.
    """
    given = (options.folder, options.out, options.images, options.scores, options.target, options.policy)
    return Correct(*given, desk_options(options))
