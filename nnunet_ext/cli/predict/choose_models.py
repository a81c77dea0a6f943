"""Which models predict a case: the one that was named, or of those that come with the package what suits its image."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from nnunet_ext.cascade.prediction.read_images import InputCase
from nnunet_ext.cli.predict.model import find_model
from nnunet_ext.core.names import parse_image_name
from nnunet_ext.core.read_checkpoint import TrainedModel
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.models.default_card import SEGMENTED_BY, DefaultCard, read_card
from nnunet_ext.models.default_models import CORD, CORD_LESION, NAMES, find_default
from nnunet_ext.models.entry_names import PLANS
from nnunet_ext.models.load import load_model
from nnunet_ext.models.postprocessing_file import LargestOf, find_postprocessing, read_postprocessing

NO_LOCALIZER: Final = "none"


@dataclass(frozen=True)
class AskedModels:
    """What the command line says of models.

    Parameters
    ----------
    model, localizer
        Folders, default models' names, or names below `nnUNet_results`; empty where nothing is said.
    folds, checkpoint
        Of the model.
    postprocessing
        Whether what nnU-Net found to help the model is done.
    """

    model: str
    localizer: str
    folds: tuple[str, ...]
    checkpoint: str
    postprocessing: bool


@dataclass(frozen=True)
class ChosenModel:
    """A model, and what works with it.

    Parameters
    ----------
    model
        Whose regions and channels are predicted.
    localizer
        Finds the cord; None for the whole image.
    card
        Of a default model; None for others.
    cord
        The default model whose cord is taken, with the lesions that `model` finds; None for the model's own cord.
    instead_of
        The card of one that was not trained for the image's contrast, in whose place this one is taken.
    """

    model: TrainedModel
    localizer: TrainedModel | None = None
    largest_of: LargestOf = ()
    card: DefaultCard | None = None
    cord: TrainedModel | None = None
    instead_of: DefaultCard | None = None

    @property
    def models(self) -> tuple[TrainedModel, ...]:
        """Those that segment."""
        return (self.model,) if self.cord is None else (self.cord, self.model)

    def suits(self, contrast: str) -> bool:
        """Tell whether it was trained for images of a BIDS suffix, as far as that is known."""
        return self.card is None or self.card.suits(contrast)

    def said(self, *, suits: bool) -> tuple[str, ...]:
        """Say what a reader of its masks must know, of an image that it was trained for or not."""
        if self.card is None:
            return ()
        names = [model.name for model in self.models]
        come = f", which come{'s' if len(names) == 1 else ''} with nnunet_ext" if self.card.name in NAMES else ""
        told = [f"{SEGMENTED_BY} {' and '.join(names)}{come}. {self.card.warning}"]
        if self.instead_of is not None:
            told.append(f"no lesions were looked for: {_trained_for(self.instead_of)}")
        if not suits:
            told.append(f"{_trained_for(self.card)} images, and this is none")
        return tuple(told)


def choose_models(asked: AskedModels) -> tuple[ChosenModel, ...]:
    """Load the model that was named or, where none is, those that come with the package.

    Returns
    -------
    tuple
        Of each image the first that suits it, else the last, predicts: where none was named, the cord of `cord` with
        the lesions of `cord-lesion`, and for contrasts that the latter was not trained for the cord alone.

    Raises
    ------
    EnvironmentProblemError, UnsafeModelError
        See `find_model` and `load_model`.
    """
    if asked.model:
        return (_chosen(asked),)
    lesions = _chosen(replace(asked, model=CORD_LESION))
    cord = _chosen(replace(asked, model=CORD, localizer=NO_LOCALIZER))
    return (
        replace(lesions, cord=cord.model),
        replace(cord, localizer=lesions.localizer, instead_of=lesions.card),
    )


def group_cases(cases: Sequence[InputCase], chosen: Sequence[ChosenModel]) -> list[tuple[int, bool, list[InputCase]]]:
    """Say which of the models predicts which cases, and whether it was trained for their contrast."""
    anatomical = load_profile("auto").images.suffixes
    groups: dict[tuple[int, bool], list[InputCase]] = {}
    for case in cases:
        contrast = _contrast(case.name, anatomical)
        at = next((at for at, one in enumerate(chosen) if one.suits(contrast)), len(chosen) - 1)
        groups.setdefault((at, chosen[at].suits(contrast)), []).append(case)
    return [(at, suits, members) for (at, suits), members in groups.items()]


def _contrast(case: str, anatomical: Collection[str]) -> str:
    """Read the contrast off a BIDS name, or off a name that ends as one does; empty where it says none."""
    name = parse_image_name(case)
    if name is not None:
        return name.suffix
    last = case.rsplit("_", 1)[-1]
    return last if last in anatomical else ""


def _chosen(asked: AskedModels) -> ChosenModel:
    folder = find_model(asked.model, "-m")
    model, card = load_model(folder, asked.folds, asked.checkpoint), read_card(folder)
    steps: LargestOf = ()
    if asked.postprocessing:
        file = find_postprocessing(folder, [fold.name for fold in model.folds])
        steps = () if file is None else read_postprocessing(file)
    return ChosenModel(model, _localizer(asked.localizer, folder, card), steps, card)


def _localizer(asked: str, model: Path, card: DefaultCard | None) -> TrainedModel | None:
    """Load the localizer that was named, else the one that stands beside a default model."""
    own = "" if card is None else card.localizer
    if asked == NO_LOCALIZER or not (asked or own):
        return None
    if asked:
        folder = find_model(asked, "--localizer")
    else:
        beside = model.parent / own
        folder = beside if (beside / PLANS).is_file() else find_default(own, os.environ)
    localizer = load_model(folder)
    # One fold, and not mirrored: a box with margins needs no second opinion, and time is what it is for.
    return replace(localizer, folds=localizer.folds[:1])


def _trained_for(card: DefaultCard) -> str:
    return f"{card.name} was trained for {', '.join(card.contrasts)}"
