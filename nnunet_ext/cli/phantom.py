"""`nnunet_ext phantom`: a BIDS dataset of synthetic patients."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from nnunet_ext.cli.n_procs import add_n_procs
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.cli.take_options import take_options
from nnunet_ext.core.names import Dialect
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.dataset import write_phantom
from nnunet_ext.phantom.site import SITES, find_sites

_EXAMPLES: Final = """\
examples:
  the usual three sites: nnunet_ext phantom phantoms
  one site, more people: nnunet_ext phantom phantoms --sites axial-ms --patients 20 --seed 7 -np 4
  for a robust model:    nnunet_ext phantom phantoms --contrasts random --patients 50
  labels as BIDS has it: nnunet_ext phantom phantoms --naming bids --sessions 2
then, with the labels that it leaves in derivatives/labels:
  nnunet_ext convert phantoms -d 501 -n Phantom
participants.tsv has clinical scores that are tied to the lesions, for `nnunet_ext agreement --participants`."""


@dataclass(frozen=True)
class Phantom:
    """Write synthetic patients: each field is the argument of its name; no contrasts keeps those of the sites."""

    out: Path
    sites: tuple[str, ...]
    patients: int
    seed: int
    contrasts: tuple[Contrast, ...]
    naming: Dialect
    sessions: int
    n_procs: int

    def run(self) -> int:
        """Write the dataset and say where it is."""
        sites = find_sites(self.sites)
        if self.contrasts:
            sites = tuple(replace(site, contrasts=self.contrasts) for site in sites)
        with progress_bar("phantom", "patient") as progress:
            write_phantom(
                self.out,
                sites=sites,
                patients_per_site=self.patients,
                seed=self.seed,
                dialect=self.naming,
                sessions=self.sessions,
                n_procs=self.n_procs,
                progress=progress,
            )
        print(f"{self.out}: {self.patients * len(self.sites)} synthetic patients of {', '.join(self.sites)}")
        return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.epilog = _EXAMPLES
    names = [site.name for site in SITES]
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the BIDS dataset")
    parser.add_argument("--sites", nargs="+", default=names[:3], metavar="SITE", help=f"of {', '.join(names)}")
    parser.add_argument("--patients", type=int, default=5, metavar="N", help="of each site")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed gives the same bytes")
    parser.add_argument(
        "--contrasts",
        nargs="+",
        type=Contrast,
        choices=list(Contrast),
        default=[],
        help="of each patient; `random` draws every tissue's brightness anew for each image (default: the sites' own)",
    )
    parser.add_argument(
        "--naming",
        type=Dialect,
        choices=list(Dialect),
        default=Dialect.NEUROPOLY,
        help="of label files: sub-01_T2w_label-SC_seg (neuropoly), _seg-manual (manual), label-SC_desc-T2w_mask (bids)",
    )
    parser.add_argument("--sessions", type=int, default=1, metavar="N", help="visits of each patient")
    add_n_procs(parser)


def from_options(options: argparse.Namespace) -> Phantom:
    """Take the parsed arguments."""
    return take_options(Phantom, options)
