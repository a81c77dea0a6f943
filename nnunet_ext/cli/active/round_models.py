"""The models that a round is scored and predicted with."""

from collections.abc import Iterator, Mapping, Sequence
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
from nnunet_ext.cascade.prediction.predict_all import PredictionJob
from nnunet_ext.cascade.prediction.read_images import InputCase
from nnunet_ext.cli.predict.choose_models import AskedModels, ChosenModel, choose_models, group_cases
from nnunet_ext.cli.predict.make_job import RunSettings, Segmenters, case_options, make_job
from nnunet_ext.cli.predict.model import find_model
from nnunet_ext.cli.predict.rules import AskedRules
from nnunet_ext.core.read_checkpoint import TrainedFold
from nnunet_ext.models.default_card import read_card
from nnunet_ext.models.default_models import CORD_LESION
from nnunet_ext.models.entry_names import FINAL, PLANS


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

        What found the cord for that one finds it for those that are trained from it, unless the settings name another.

        A loop that starts from the shipped model of cord and lesions starts from all that are shipped, as `nnunet_ext
        predict` without `-m`: contrasts that it was not trained for get the cord alone.

        Raises
        ------
        EnvironmentProblemError, UnsafeModelError
            See `choose_models`.
        """
        if number > 1:
            localizer = settings.localizer or _localizer_of(find_model(settings.model, "-m"))
            asked = AskedModels(str(rounds.round(number - 1).model), localizer, (), FINAL, postprocessing=True)
        else:
            model = "" if settings.model == CORD_LESION else settings.model
            asked = AskedModels(model, settings.localizer, (), FINAL, postprocessing=True)
        return cls(choose_models(asked), device)

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
        of_case: dict[str, Scorer] = {}
        said: dict[str, None] = {}
        for one, job, members in self._jobs([image.files for image in images], out, Naming.BIDS, opinions=True):
            options = job.options
            used = one.models if one.localizer is None else (*one.models, one.localizer)
            scorer = Scorer(job.segmenter, job.localizer, options, models_sha256(used), domain)
            of_case |= {member.name: scorer for member in members}
            said |= dict.fromkeys(job.said)
        return RoundScorers(of_case, tuple(said))

    def prediction_jobs(self, cases: Sequence[InputCase], out: Path) -> Iterator[tuple[PredictionJob, list[InputCase]]]:
        """Give the jobs that predict cases as label maps into a folder, where what an earlier run finished is kept.

        Raises
        ------
        EnvironmentProblemError, UnsafeModelError, UsageError
            See `make_job`.
        """
        for _, job, members in self._jobs(cases, out, Naming.NNUNET, opinions=False):
            yield job, members

    def _jobs(
        self, cases: Sequence[InputCase], out: Path, naming: Naming, *, opinions: bool
    ) -> Iterator[tuple[ChosenModel, PredictionJob, list[InputCase]]]:
        run = self._run(out, naming, goes_on=not opinions)
        for at, suits, members in group_cases(cases, self.chosen):
            one, options = self.chosen[at], case_options(self.chosen[at], None, run.rules)
            yield one, make_job(one, options, run, self.segmenters.of, suits=suits, opinions=opinions), members

    def of_folds(self, out: Path) -> dict[str, FoldModel]:
        """Give each fold of the one model that there is by itself; its networks are built anew at each call.

        Raises
        ------
        UsageError
            See `make_job`.
        """
        (one,) = self.chosen
        run = self._run(out, Naming.BIDS, goes_on=False)

        def alone(fold: TrainedFold) -> FoldModel:
            chosen = replace(one, model=replace(one.model, folds=(fold,)))
            used = chosen.models if chosen.localizer is None else (*chosen.models, chosen.localizer)
            digest, options = models_sha256(used), case_options(chosen, None, run.rules)

            def build() -> Scorer:
                job = make_job(chosen, options, run, Segmenters().of, opinions=True)
                return Scorer(job.segmenter, job.localizer, options, digest)

            return FoldModel(digest, build)

        return {fold.name: alone(fold) for fold in one.model.folds}

    def _run(self, out: Path, naming: Naming, *, goes_on: bool) -> RunSettings:
        return RunSettings(
            out, naming, Wanted(), continue_prediction=goes_on, force=goes_on, rules=AskedRules(), device=self.device,
            engine=Engine.TORCH, mirroring=True, step=0.5, linked=False,
        )  # fmt: skip


def _localizer_of(folder: Path) -> str:
    """Name the localizer that a model's card names: the one beside it, or that of the package."""
    card = read_card(folder)
    if card is None or not card.localizer:
        return ""
    beside = folder.parent / card.localizer
    return str(beside) if (beside / PLANS).is_file() else card.localizer


@dataclass(frozen=True)
class RoundScorers:
    """The scorer of each case, and what whoever reads its masks must know."""

    of_case: Mapping[str, Scorer]
    said: tuple[str, ...]

    def __call__(self, image: PoolImage) -> Scorer:
        """Give the scorer of an image."""
        return self.of_case[image.about["case"]]
