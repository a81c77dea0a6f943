"""Small synthetic patients of a few sites, and all that a correction loop on them begins with.

Images are cut small around the cord, so that one is predicted in about a second on one core; patients of the pool are
others than those that are trained and tested on. The plans are nnU-Net's own with a small patch and network.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from nnunet_ext.cli.demo.nnunet_process import NnunetProcess
from nnunet_ext.cli.demo.small_plan import add_small_configuration
from nnunet_ext.cli.demo.workspace import CONFIGURATION, PLANS
from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.environment import environment_variable, nnunet_variables
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.plan import PlanOptions, make_plan
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.selection import Selection
from nnunet_ext.dataset_conversion.source import Source
from nnunet_ext.dataset_conversion.write import write_dataset
from nnunet_ext.phantom.dataset import write_phantom
from nnunet_ext.phantom.site import Matrix, Site, find_sites

LEARNING_RATE = 2e-3
PATCH = (32, 64, 48)
FIRST = "nnUNetTrainerSCI"
_SMALL: Mapping[str, Matrix] = {
    "sagittal-sci": ((8, 10), (56, 64), (80, 88)),
    "axial-ms": ((64, 72), (64, 72), (12, 14)),
    "isotropic": ((40, 44), (48, 52), (64, 72)),
}


def small_site(kind: str, **changes: object) -> Site:
    """Give one of the ready-made sites, its images cut small."""
    (site,) = find_sites([kind])
    return replace(site, matrix=_SMALL[kind], **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Persons:
    """How many patients of a site there are for what.

    Parameters
    ----------
    site
        Where.
    train, test, pool
        Those whom the first model is trained on, those whom all are tested on, and those who may be asked for.
    """

    site: Site
    train: int
    test: int
    pool: int


@dataclass(frozen=True)
class World:
    """What a loop begins with, below one folder.

    Parameters
    ----------
    root
        That folder.
    number, name
        Of the dataset.
    persons
        Of each site.
    iterations
        Steps of an epoch.
    seed
        Of the patients.
    """

    root: Path
    number: int
    name: str
    persons: Sequence[Persons]
    iterations: int
    seed: int

    @property
    def nnunet(self) -> Path:
        return self.root / "nnunet"

    @property
    def dataset(self) -> RawDataset:
        return RawDataset.named(self.nnunet / "raw", self.number, self.name)

    def pool(self, site: Site) -> Path:
        return self.root / "pool" / site.code

    @contextmanager
    def environment(self) -> Iterator[None]:
        """Let verbs work on this world's folders for a while."""
        with ExitStack() as stack:
            for name, value in nnunet_variables(self.nnunet, os.environ).items():
                stack.enter_context(environment_variable(name, value))
            yield

    def prepare(self) -> None:
        """Make the patients, convert, plan and preprocess, unless that was done before."""
        done = self.root / "prepared.json"
        if done.exists():
            return
        sources = [source for one in self.persons for source in self._write(one)]
        split: dict[str, set[str]] = {"train": set(), "test": set()}
        for one in self.persons:
            for number in range(1, one.train + one.test + 1):
                split["train" if number <= one.train else "test"].add(f"sub-{one.site.code}{number:03d}")
        names = {part: frozenset(members) for part, members in split.items()}
        options = PlanOptions(seed=self.seed, selection=Selection(split=names))
        plan = make_plan(sources, load_profile("auto"), load_target("cord-lesion"), options)
        write_dataset(self.dataset, plan)
        process = NnunetProcess(self.nnunet, self.root / "nnunet.log", n_procs=1)
        command = ["-d", str(self.number), "-c", "3d_fullres", "-np", "1", "-npfp", "1"]
        process.run("nnUNetv2_plan_and_preprocess", command, lambda _: None)
        self._shrink_plans()
        write_json(done, {one.site.name: [one.train, one.test, one.pool] for one in self.persons})

    def _shrink_plans(self) -> None:
        plans = self.nnunet / "preprocessed" / self.dataset.folder.name / f"{PLANS}.json"
        steps = {"iterations_per_epoch": self.iterations, "validation_iterations_per_epoch": 1}
        add_small_configuration(plans, {**steps, "adamw_learning_rate": LEARNING_RATE, "cpu_bf16": True})
        content = read_json_object(plans, finite=False)
        content["configurations"][CONFIGURATION]["patch_size"] = list(PATCH)
        write_json(plans, content, allow_nan=True)

    def _write(self, one: Persons) -> Iterator[Source]:
        """Write the patients of a site: those with labels, and in another folder, under other names, the pool."""
        if one.train + one.test:
            labelled = self.root / "labelled" / one.site.code
            write_phantom(labelled, sites=[one.site], patients_per_site=one.train + one.test, seed=self.seed)
            yield Source(one.site.code, labelled)
        if one.pool:
            other = replace(one.site, code=f"{one.site.code}p")
            write_phantom(self.pool(one.site), sites=[other], patients_per_site=one.pool, seed=self.seed + 1)


def verb(*arguments: object) -> None:
    """Run a verb, and end where it fails."""
    code = main([str(argument) for argument in arguments])
    if code:
        sys.exit(code)
