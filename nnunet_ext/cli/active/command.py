"""`nnunet_ext active`: the correction loop, round by round, with people in it."""

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any, Final

_ACTIONS: Final = {
    "init": "begin a loop: say what is to be segmented, from which images, by whom; freeze who is tested on",
    "query": "begin a round: choose the cases that people correct next, predict them, and lay them out",
    "correct": "correct a rater's cases in the browser, on a page of this machine",
    "pack": "zip a rater's cases for another site, with nothing in it that names a patient; faces may be in the images",
    "unpack": "put the masks of a zip that came back where they would have been saved at home",
    "ingest": "take in what raters corrected, accepted, rejected or put off; again whenever more has come back",
    "train": "train on what was corrected, and say what that gained and what was forgotten, site by site",
    "report": "a page of a round: what was chosen and why, what came back, what it cost and what it brought",
    "status": "where the loop stands, who holds it, what each rater still has to do, and what to type next",
    "simulate": "try strategies with known labels in the place of people, and say whether any is better than random",
}
"""Each action lives in the module of its name."""

_EXAMPLES: Final = """\
examples:
  begin, with labels:    nnunet_ext active init rounds -d 501 --pool geneva=/data/geneva_bids --budget 20
  begin without any:     nnunet_ext active init rounds --pool /data/geneva_bids
  the next cases:        nnunet_ext active query rounds
  correct them:          nnunet_ext active correct rounds --rater ann
  for another site:      nnunet_ext active pack rounds for_ann.zip --rater ann
  and back:              nnunet_ext active unpack rounds from_ann.zip --rater ann
  take masks back:       nnunet_ext active ingest rounds --returned ann=/mail/from_ann
  train on it:           nnunet_ext active train rounds -device cuda
  a page of the round:   nnunet_ext active report rounds
  a page for a rater:    nnunet_ext active report rounds --rater ann
  where does it stand:   nnunet_ext active status rounds
  which strategy:        nnunet_ext active simulate tried -d 501 --pool /data/labelled_bids --budget 8 --rounds 3
exit: 0 done; 2 usage; 3 data refused; 4 a variable or a model is missing; 5 another process holds the loop, or it was
begun with other settings"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.epilog = _EXAMPLES
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, summary in _ACTIONS.items():
        action = actions.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        action.epilog = _EXAMPLES
        action.add_argument("rounds", type=Path, metavar="ROUNDS", help="the folder of the loop")
        _module(name).add_arguments(action)


def from_options(options: argparse.Namespace) -> Any:  # noqa: ANN401 - a command of one of the modules
    """Take the parsed arguments."""
    return _module(options.action).from_options(options)


def _module(action: str) -> Any:  # noqa: ANN401 - a module with `add_arguments` and `from_options`
    return import_module(f"nnunet_ext.cli.active.{action}")
