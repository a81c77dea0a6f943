"""The steps of a round's training, in their order; each does nothing where it was done before."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from nnunet_ext.active_learning.frozen import FROZEN, Frozen, read_frozen
from nnunet_ext.active_learning.ingest.for_training import for_training
from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.layout import Round, Rounds
from nnunet_ext.active_learning.loop_dataset import dataset_of
from nnunet_ext.active_learning.round_state import TRAINED
from nnunet_ext.active_learning.scores.models_sha256 import models_sha256
from nnunet_ext.active_learning.settings import WARM_TRAINER, ActiveSettings
from nnunet_ext.active_learning.training.corrected_plan import added_in_round
from nnunet_ext.active_learning.training.keep_old_labels import keep_old_labels
from nnunet_ext.active_learning.training.loop_plans import LoopPlans
from nnunet_ext.cli.active.add_corrections import add_corrections
from nnunet_ext.cli.active.labelled import frozen_now, labelled_dataset
from nnunet_ext.cli.active.prepare_training import prepare_training
from nnunet_ext.cli.active.score_model import score_model, write_comparison
from nnunet_ext.cli.active.train_folds import FoldsJob, train_folds
from nnunet_ext.cli.predict.model import find_model
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.dataset_files.folds import read_folds
from nnunet_ext.core.dataset_place import stands
from nnunet_ext.core.environment import required_folder
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.read_checkpoint import TrainedModel
from nnunet_ext.core.tables import read_table
from nnunet_ext.dataset_conversion.cases_table import read_cases
from nnunet_ext.models.default_card import ANY, read_card, write_card
from nnunet_ext.models.entry_names import FINAL
from nnunet_ext.models.load import load_model

_ALL: Final = "all"


@dataclass(frozen=True)
class TrainedRound:
    """A round that is to be trained; the claim is held.

    Parameters
    ----------
    rounds, one, settings
        The loop, its round, and what is asked for.
    device, n_procs, folds
        As `ActiveTrain` has them.
    """

    rounds: Rounds
    one: Round
    settings: ActiveSettings
    device: str
    n_procs: int
    folds: tuple[str, ...]

    def make(self, left: Mapping[str, int]) -> None:
        """Add the corrections, prepare, train, test, and say so in the journal.

        Parameters
        ----------
        left
            For each rater how many cases are left out, for the record.
        """
        dataset = self._grown()
        first = load_model(find_model(self.settings.model, "-m"))
        before = first if self.one.number == 1 else load_model(self._folder_before)
        cases = [row for row in read_cases(dataset.folder) if row["split"] == "train"]
        new = sorted(row["case"] for row in cases if added_in_round(row["split_by"]) == self.one.number)
        plans = prepare_training(dataset, first, new, self.n_procs)
        self._freeze(dataset, plans)
        job = self._job(dataset, plans, before)
        minutes = train_folds(self.one, job)  # before this process takes memory of the device, which it keeps
        self._describe(len(cases))
        numbers = (0, self.one.number)
        tables = [
            table
            for number in numbers
            for table in score_model(self.rounds, number, self.settings, dataset, self.device, self.n_procs)
        ]
        tables += write_comparison(self.rounds, self.one.number, dataset)
        write_json(self.one.trained, self._record(job, new, len(cases) - len(new), minutes))
        self._journal(dataset, [*tables, self.one.trained], left)

    @property
    def _folder_before(self) -> Path:
        """The folder of the model that a warm start goes on from."""
        if self.one.number == 1:
            return find_model(self.settings.model, "-m")
        return self.rounds.round(self.one.number - 1).model

    def _grown(self) -> RawDataset:
        """Add the corrections to the dataset."""
        base = self.settings.full_trainer
        if self.settings.start == "scratch" and base.startswith(WARM_TRAINER):
            raise UsageError(
                f'{self.rounds.settings}: trainer {base} goes on from a model, and start is "scratch"; take another '
                'trainer, such as nnUNetTrainerSCI, or start = "warm"'
            )
        name, raw = dataset_of(self.rounds, self.settings), required_folder("nnUNet_raw", os.environ)
        required_folder("nnUNet_preprocessed", os.environ)  # before anything is written
        there = bool(name) and stands(RawDataset(raw / name))
        existing = labelled_dataset(name) if there or self.settings.dataset else None
        read_frozen(self.rounds).refuse_changed(frozen_now(self.settings, existing))
        taken = for_training(read_table(self.one.ingest, whole=True), self.one.corrected)
        cases = keep_old_labels(taken, self.one)
        if not cases and existing is None:
            raise DataRefusedError(
                f"{self.one.ingest}: a case that can be trained on was needed, and none was accepted or edited; "
                f"correct one at least, and take it in: nnunet_ext active ingest {self.rounds.root}"
            )
        return add_corrections(self.rounds, self.one, self.settings, cases, self.n_procs)

    def _freeze(self, dataset: RawDataset, plans: LoopPlans) -> None:
        """Freeze what there was not yet when the loop began: the test set of a loop without labels, and its plans."""
        known = read_frozen(self.rounds)
        now = frozen_now(self.settings, labelled_dataset(dataset.folder.name))
        file = f"{plans.name}.json"
        frozen = Frozen(known.persons or now.persons, known.cases or now.cases, {file: now.plans[file], **known.plans})
        if frozen != known:
            Journal(self.rounds.journal).append(FROZEN, {"round": self.one.number, **frozen.content()})

    def _job(self, dataset: RawDataset, plans: LoopPlans, before: TrainedModel) -> FoldsJob:
        there = {fold.name: fold.sha256 for fold in before.folds}
        folds = self._folds(dataset, list(there))
        weights = {}
        if self.settings.start == "warm":
            for fold in folds:
                taken = fold if fold in there else next(iter(there))
                weights[fold] = (self._folder_before / f"fold_{taken}" / FINAL, there[taken])
        trainer, seed = self.settings.full_trainer, self.settings.seed
        return FoldsJob(dataset, plans, trainer, folds, weights, self.device, seed, self.n_procs)

    def _folds(self, dataset: RawDataset, before: list[str]) -> list[str]:
        """Take the folds that were asked for, else those of the model before; few patients have none, but all."""
        count = len(read_folds(dataset.folder))
        known = [_ALL, *map(str, range(count))]
        if strange := [fold for fold in self.folds if fold not in known]:
            raise UsageError(f"{dataset.folder.name}: has the folds {', '.join(known)}, asked for: {' '.join(strange)}")
        return list(self.folds) or [fold for fold in before if fold in known] or [_ALL if not count else "0"]

    def _describe(self, cases: int) -> None:
        """Hand on what the first model's card says of how to predict: box, continued images, answer without a cord."""
        first = read_card(find_model(self.settings.model, "-m"))
        if first is not None:
            warning = f"For research only. Trained in a correction loop from {first.name}: look at every mask"
            training = {"round": str(self.one.number), "began with": first.name, "cases": str(cases)}
            name = f"{first.name}-round-{self.one.number}"
            card = replace(first, name=name, warning=warning, contrasts=(ANY,), training=training, figures={})
            write_card(self.one.model, card)

    def _record(self, job: FoldsJob, new: list[str], old: int, minutes: Mapping[str, float]) -> dict[str, Any]:
        tested = set(read_frozen(self.rounds).cases)
        rows = [row for row in read_cases(job.dataset.folder) if row["case"] in tested]
        return {
            "dataset": job.dataset.folder.name,
            "trainer": job.trainer,
            "configuration": job.plans.configuration,
            "plans": job.plans.name,
            "folds": list(job.folds),
            "start": self.settings.start,
            "epochs": _epochs(self.one.model / f"fold_{job.folds[0]}"),
            "weights": {fold: digest for fold, (_, digest) in job.weights.items()},
            "cases_new": len(new),
            "cases_old": old,
            "new_cases": new,
            "cases_tested": len(rows),
            "tested_on_corrections": any(added_in_round(row["split_by"]) for row in rows),
            "minutes": round(sum(minutes.values()), 2),
            "model_sha256": models_sha256([load_model(self.one.model)]),
        }

    def _journal(self, dataset: RawDataset, files: list[Path], left: Mapping[str, int]) -> None:
        hashes = {file.relative_to(self.rounds.root).as_posix(): sha256(file) for file in files}
        fields = {"round": self.one.number, "dataset": dataset.folder.name, "left_out": dict(left), "files": hashes}
        Journal(self.rounds.journal).append_news(TRAINED, fields)


def _epochs(fold: Path) -> int | None:
    """Count the epochs in the table that our trainers keep; None of another."""
    table = fold / "progress.tsv"
    return len(read_table(table)) if table.is_file() else None
