"""`nnunet_ext demo`: the whole job, from a BIDS folder to a segmentation that is measured and shown."""

import argparse
from pathlib import Path

from nnunet_ext.cli.demo.job import Demo
from nnunet_ext.cli.take_options import take_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for every product and report.html")
    parser.add_argument("--bids", action="append", default=[], metavar="DIR", help="a BIDS folder of yours")
    parser.add_argument("--image", type=Path, action="append", default=[], metavar="FILE", help="an image to predict")
    parser.add_argument("--patients", type=int, default=16, help="synthetic patients of each site (default 16)")
    parser.add_argument("--epochs", type=int, default=12, help="of training (default 12)")
    parser.add_argument("--iterations", type=int, default=80, help="training steps of each epoch (default 80)")
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="default: the best there is"
    )
    parser.add_argument("--n-procs", type=int, default=2, help="worker processes (default 2)")
    parser.add_argument("--seed", type=int, default=1, help="of patients, splits and training")


def from_options(options: argparse.Namespace) -> Demo:
    """Take the parsed arguments."""
    out, *images = (path.expanduser().resolve() for path in (options.out, *options.image))
    return take_options(Demo, options, out=out, images=images, n_procs=max(1, options.n_procs))
