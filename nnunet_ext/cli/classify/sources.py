"""The arguments that say where patients, their lesion masks and their diagnoses are."""

import argparse
from pathlib import Path

from nnunet_ext.classification.study.sources import Sources


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Describe them."""
    add = parser.add_argument
    add(
        "datasets", nargs="+", type=Path, metavar="DATA",
        help="BIDS folders, or raw datasets that nnunet_ext convert made",
    )  # fmt: skip
    add(
        "--lesions", nargs="+", type=Path, default=[], metavar="DIR",
        help="folders of lesion masks, as nnunet_ext predict writes them (default: people's own: derivatives/labels of "
        "a BIDS folder, the labels of a raw dataset)",
    )  # fmt: skip
    add(
        "--participants", type=Path, metavar="TSV",
        help="diagnosis, age, sex and readers of all patients (default: participants.tsv of each BIDS folder)",
    )  # fmt: skip
    add(
        "--others", nargs="+", default=[], metavar="DIAGNOSIS",
        help="diagnoses outside the taxonomy whose patients are left out (default: none but healthy)",
    )  # fmt: skip


def sources_of(options: argparse.Namespace) -> Sources:
    """Take the parsed arguments."""
    return Sources(tuple(options.datasets), tuple(options.lesions), options.participants, tuple(options.others))
