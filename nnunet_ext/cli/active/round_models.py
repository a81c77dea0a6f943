"""The models that a round is scored and predicted with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.active_learning.scores.domain_distance import Domain
from nnunet_ext.active_learning.scores.models_sha256 import models_sha256
from nnunet_ext.active_learning.scores.score_case import Scorer
from nnunet_ext.active_learning.scores.score_pool import PoolImage
from nnunet_ext.active_learning.scores.suspects import FoldModel
from nnunet_ext.active_learning.settings import ActiveSettings
from nnunet_ext.cascade.prediction.case_files import Naming, Wanted
from nnunet_ext.cascade.prediction.engines import Engine
from nnunet_ext.cli.predict.choose_models import AskedModels, ChosenModel, choose_models, group_cases
from nnunet_ext.cli.predict.make_job import RunSettings, Segmenters, case_options, make_job
from nnunet_ext.cli.predict.rules import AskedRules
from nnunet_ext.core.read_checkpoint import TrainedFold
from nnunet_ext.models.default_models import CORD_LESION
from nnunet_ext.models.entry_names import FINAL


@dataclass(frozen=True)
class RoundModels:
    """Models, each of which is built once.

    Parameters
    ----------
    chosen
        As `choose_models` gives them: for each contrast the first that suits it.
    device
        `auto`, or as torch names it.
    segmenters
        Those that were built.
    """

    chosen: tuple[ChosenModel, ...]
    device: str
    segmenters: Segmenters = field(default_factory=Segmenters)

    @classmethod
    def of_round(cls, rounds: Rounds, number: int, settings: ActiveSettings, device: str) -> "RoundModels":
        """Load the model that the round before trained; before the first round the one that the loop starts from.

        A loop that starts from the shipped model of cord and lesions starts from all that are shipped, as `nnunet_ext
        predict` without `-m`: contrasts that it was not trained for get the cord alone.

        Raises
        ------
        EnvironmentProblemError, UnsafeModelError
            See `choose_models`.
        """
        model = str(rounds.round(number - 1).model) if number > 1 else settings.model
        asked = "" if model == CORD_LESION else model
        return cls(choose_models(AskedModels(asked, settings.localizer, (), FINAL, postprocessing=True)), device)

    def scorers(self, images: Sequence[PoolImage], out: Path, domain: Domain | None = None) -> "RoundScorers":
        """Build what the images need.

        Parameters
        ----------
        out
            The folder of the round.
        domain
            See `Scorer`.

        Raises
        ------
        EnvironmentProblemError, UnsafeModelError, UsageError
            See `make_job`.
        """
        run = self._run(out)
        of_case: dict[str, Scorer] = {}
        said: dict[str, None] = {}
        for at, suits, members in group_cases([image.files for image in images], self.chosen):
            one, options = self.chosen[at], case_options(self.chosen[at], None, run.rules)
            job = make_job(one, options, run, self.segmenters.of, suits=suits, opinions=True)
            used = one.models if one.localizer is None else (*one.models, one.localizer)
            scorer = Scorer(job.segmenter, job.localizer, options, models_sha256(used), domain)
            of_case |= {member.name: scorer for member in members}
            said |= dict.fromkeys(job.said)
        return RoundScorers(of_case, tuple(said))

    def of_folds(self, out: Path) -> dict[str, FoldModel]:
        """Give each fold of the one model that there is by itself; its networks are built anew at each call.

        Raises
        ------
        UsageError
            See `make_job`.
        """
        (one,) = self.chosen
        run = self._run(out)

        def alone(fold: TrainedFold) -> FoldModel:
            chosen = replace(one, model=replace(one.model, folds=(fold,)))
            used = chosen.models if chosen.localizer is None else (*chosen.models, chosen.localizer)
            digest, options = models_sha256(used), case_options(chosen, None, run.rules)

            def build() -> Scorer:
                job = make_job(chosen, options, run, Segmenters().of, opinions=True)
                return Scorer(job.segmenter, job.localizer, options, digest)

            return FoldModel(digest, build)

        return {fold.name: alone(fold) for fold in one.model.folds}

    def _run(self, out: Path) -> RunSettings:
        return RunSettings(
            out, Naming.BIDS, Wanted(), continue_prediction=False, force=False, rules=AskedRules(), device=self.device,
            engine=Engine.TORCH, mirroring=True, step=0.5, linked=False,
        )  # fmt: skip


@dataclass(frozen=True)
class RoundScorers:
    """The scorer of each case, and what whoever reads its masks must know."""

    of_case: Mapping[str, Scorer]
    said: tuple[str, ...]

    def __call__(self, image: PoolImage) -> Scorer:
        """Give the scorer of an image."""
        return self.of_case[image.about["case"]]
