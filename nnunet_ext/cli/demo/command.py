"""`nnunet_ext demo`: the whole job, from a BIDS folder to a segmentation that is measured and shown."""

import argparse
from pathlib import Path
from typing import Final

from nnunet_ext.cli.demo.job import Demo
from nnunet_ext.cli.n_procs import add_n_procs
from nnunet_ext.cli.take_options import take_options

_EXAMPLES: Final = """\
examples:
  minutes on a laptop:    nnunet_ext demo demo
  with your data, too:    nnunet_ext demo demo --bids /data/my_bids --image /data/scan.nii.gz
  only to see it run:     nnunet_ext demo quick --patients 2 --epochs 3 --iterations 4
Interrupted, the same command goes on where it was. Every product stays in OUT; open OUT/report.html."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for every product and report.html")
    parser.add_argument(
        "--bids",
        action="append",
        default=[],
        metavar="DIR",
        help="a BIDS folder of yours, as one more site; may be given again (default: none)",
    )
    parser.add_argument(
        "--image",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="an image to predict; may be given again (default: none)",
    )
    parser.add_argument("--patients", type=int, metavar="N", default=16, help="synthetic patients of each site")
    parser.add_argument("--epochs", type=int, metavar="N", default=12, help="of training")
    parser.add_argument("--iterations", type=int, metavar="N", default=80, help="training steps of each epoch")
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda", "mps"),
        default="auto",
        help="where to compute (default: the best there is)",
    )
    add_n_procs(parser, 2, "worker processes")
    parser.add_argument("--seed", type=int, metavar="N", default=1, help="of patients, splits and training")


def from_options(options: argparse.Namespace) -> Demo:
    """Take the parsed arguments."""
    out, *images = (path.expanduser().resolve() for path in (options.out, *options.image))
    return take_options(Demo, options, out=out, images=images)
