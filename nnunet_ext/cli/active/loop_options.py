"""Options that the loop's actions share."""

import argparse


def add_loop_options(parser: argparse.ArgumentParser) -> None:
    """Describe `--steal` and `--json`, which every action that claims the loop has."""
    parser.add_argument("--steal", action="store_true", help="take over the claim of a process that you know is gone")
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def add_device(parser: argparse.ArgumentParser) -> None:
    """Describe `-device`, as nnU-Net spells it."""
    parser.add_argument(
        "-device", "--device", default="auto", metavar="DEVICE",
        help="cpu, cuda, cuda:1 or mps (default: the best there is)",
    )  # fmt: skip
