"""`nnunet_ext phantom`: a BIDS dataset of synthetic patients."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from nnunet_ext.cli.n_procs import add_n_procs
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.cli.take_options import take_options
from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.workers import Progress
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.dataset import write_phantom
from nnunet_ext.phantom.entities.entity import Entity
from nnunet_ext.phantom.entities.write_entities import write_entities
from nnunet_ext.phantom.site import SITES, find_sites

_EXAMPLES: Final = """\
examples:
  the usual three sites: nnunet_ext phantom phantoms
  one site, more people: nnunet_ext phantom phantoms --sites axial-ms --patients 20 --seed 7 -np 4
  for a robust model:    nnunet_ext phantom phantoms --contrasts random --patients 50
  labels as BIDS has it: nnunet_ext phantom phantoms --naming bids --sessions 2
  what lesion is it?     nnunet_ext phantom phantoms --entities --patients 40
then, with the labels that it leaves in derivatives/labels:
  nnunet_ext convert phantoms -d 501 -n Phantom
participants.tsv has clinical scores that are tied to the lesions, for `nnunet_ext agreement --participants`;
with --entities it has diagnosis, age, sex, site and what three readers say, and drawn.tsv what was drawn."""


@dataclass(frozen=True)
class Phantom:
    """Write synthetic patients: each field is the argument of its name; no contrasts keeps those of the sites."""

    out: Path
    sites: tuple[str, ...]
    entities: bool
    patients: int
    seed: int
    contrasts: tuple[Contrast, ...]
    naming: Dialect
    sessions: int
    n_procs: int

    def run(self) -> int:
        """Write the dataset and say where it is."""
        if self.entities and self.contrasts:
            raise UsageError(
                "--entities has contrasts of its own (T2w, and for some patients T1w after gadolinium), found "
                f"--contrasts {' '.join(self.contrasts)} as well; leave one of the two out"
            )
        with progress_bar("phantom", "patient") as progress:
            count, kinds = self._write_entities(progress) if self.entities else self._write_sites(progress)
        print(f"{self.out}: {count} synthetic patients of {', '.join(kinds)}")
        return 0

    def _write_entities(self, progress: Progress) -> tuple[int, Sequence[str]]:
        write_entities(
            self.out,
            patients_per_entity=self.patients,
            seed=self.seed,
            dialect=self.naming,
            sessions=self.sessions,
            n_procs=self.n_procs,
            progress=progress,
        )
        return self.patients * len(Entity), list(Entity)

    def _write_sites(self, progress: Progress) -> tuple[int, Sequence[str]]:
        sites = find_sites(self.sites)
        if self.contrasts:
            sites = tuple(replace(site, contrasts=self.contrasts) for site in sites)
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
        return self.patients * len(sites), self.sites


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.epilog = _EXAMPLES
    names = [site.name for site in SITES]
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the BIDS dataset")
    whom = parser.add_mutually_exclusive_group()
    whom.add_argument("--sites", nargs="+", default=names[:3], metavar="SITE", help=f"of {', '.join(names)}")
    whom.add_argument(
        "--entities",
        action="store_true",
        help="instead: astrocytoma, ependymoma, MS and NMOSD at two sites, as hard to tell apart as they are",
    )
    parser.add_argument("--patients", type=int, default=5, metavar="N", help="of each site, or of each entity")
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
