"""From chosen models and what the command line asks for to the job that `predict_all` does."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nnunet_ext.cascade.box import Margins
from nnunet_ext.cascade.prediction.case_files import Naming, Wanted
from nnunet_ext.cascade.prediction.continued_image import ContinuedImage
from nnunet_ext.cascade.prediction.cord_gate import CordGate
from nnunet_ext.cascade.prediction.engines import Engine
from nnunet_ext.cascade.prediction.lesions_in_cord import LesionsInCord
from nnunet_ext.cascade.prediction.predict_all import PredictionJob
from nnunet_ext.cascade.prediction.predict_case import FULL_IMAGE_MARGINS, CaseOptions
from nnunet_ext.cascade.prediction.segmentation import CaseSegmenter, SegmenterOptions
from nnunet_ext.cli.best_device import best_device
from nnunet_ext.cli.predict.choose_models import ChosenModel
from nnunet_ext.cli.predict.model import channel_names, localizer_channels, model_entry
from nnunet_ext.cli.predict.rules import AskedRules, choose_rules, rules_of_card
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.model_name import STOCK_TRAINER
from nnunet_ext.core.read_checkpoint import TrainedModel
from nnunet_ext.models.default_card import EMPTY
from nnunet_ext.trainers import is_our_trainer

Build = Callable[[TrainedModel, SegmenterOptions], CaseSegmenter]


@dataclass(frozen=True)
class RunSettings:
    """What is the same for every model of a run; see `Predict`."""

    out: Path
    naming: Naming
    wanted: Wanted
    continue_prediction: bool
    force: bool
    rules: AskedRules
    device: str
    engine: Engine
    mirroring: bool
    step: float
    linked: bool


@dataclass(frozen=True)
class Segmenters:
    """Segmenters, each built once, however many jobs it serves."""

    built: dict[tuple[int, SegmenterOptions], CaseSegmenter] = field(default_factory=dict)

    def of(self, model: TrainedModel, options: SegmenterOptions) -> CaseSegmenter:
        """Give a model's segmenter; the model must live as long as this does."""
        # torch and nnU-Net: seconds of import that a wrong argument must not cost.
        from nnunet_ext.cascade.prediction.segmenter import Segmenter  # noqa: PLC0415

        key = id(model), options
        if key not in self.built:
            # To import a trainer takes longer than a small image, and ours build the network that nnU-Net's own builds.
            plain = replace(model, trainer=STOCK_TRAINER) if is_our_trainer(model.trainer) else model
            self.built[key] = Segmenter(plain, options)
        return self.built[key]


def case_options(chosen: ChosenModel, margins: Margins | None, asked: AskedRules) -> CaseOptions:
    """Gather what decides a case besides its images and models.

    Raises
    ------
    UsageError
        Where a region is not the model's, or the localizer needs another image.
    """
    regions = Labelling.of_model(chosen.model.dataset_json)
    channels: tuple[int, ...] = (0,)
    if chosen.localizer is not None:
        of_localizer = channel_names(chosen.localizer.dataset_json)
        channels = localizer_channels(of_localizer, channel_names(chosen.model.dataset_json))
    card = chosen.card
    if chosen.instead_of is not None:  # what was said of lesions is for the images in which they are looked for
        asked = AskedRules(asked.threshold, asked.largest_cord)
    rules = choose_rules(regions, asked, rules_of_card(card.post_processing) if card is not None else None)
    return CaseOptions(
        regions,
        replace(rules, largest_of=chosen.largest_of),
        margins,
        channels,
        gate=CordGate() if card is None else CordGate(card.shortest_mm, card.thinnest_mm2),
        empty_without_cord=card is not None and card.no_cord == EMPTY,
    )


def make_job(
    chosen: ChosenModel,
    options: CaseOptions,
    settings: RunSettings,
    build: Build,
    *,
    suits: bool = True,
    opinions: bool = False,
) -> PredictionJob:
    """Build the networks, and say in the sidecars' words what decides the result.

    Parameters
    ----------
    build
        Makes a segmenter, such as `Segmenters.of`.
    suits
        Whether the models were trained for the contrast of the job's cases.
    opinions
        Whether the segmenter tells what each of its passes says; see `SegmenterOptions`.

    Raises
    ------
    EnvironmentProblemError, UnsafeModelError
        See `Segmenter`.
    """
    device = settings.device
    if device == "auto":
        device = best_device() if settings.engine is Engine.TORCH else "cpu"
    how = SegmenterOptions(
        device=device,
        mirroring=settings.mirroring,
        engine=settings.engine,
        step=settings.step,
        disagreement=settings.wanted.disagreement,
        probabilities=settings.wanted.probabilities or not options.rules.as_nnunet_decides,
        opinions=opinions,
    )
    segmenter = build(chosen.model, how)
    if chosen.cord is not None:
        segmenter = LesionsInCord(build(chosen.cord, how), segmenter)
    if chosen.card is not None and chosen.card.continued_mm:
        segmenter = ContinuedImage(segmenter, chosen.card.continued_mm)
    plain = SegmenterOptions(device, mirroring=False, engine=settings.engine, step=settings.step)
    localizer = None if chosen.localizer is None else build(chosen.localizer, plain)
    return PredictionJob(
        segmenter=segmenter,
        localizer=localizer,
        options=options,
        out=settings.out,
        naming=settings.naming,
        wanted=settings.wanted,
        recipe=_recipe(chosen, options, settings, options.margins or segmenter.crop_margins or FULL_IMAGE_MARGINS),
        about={"Versions": {name: version(name) for name in ("nnunetv2", "torch")}, "Device": device},
        keep_finished=settings.continue_prediction,
        force=settings.force,
        linked=settings.linked,
        reader=str(chosen.model.plans["image_reader_writer"]),
        said=chosen.said(suits=suits),
    )


def _recipe(chosen: ChosenModel, options: CaseOptions, settings: RunSettings, margins: Margins) -> dict[str, Any]:
    localizer = chosen.localizer
    continued = {} if chosen.card is None else {"ContinuedMm": chosen.card.continued_mm}
    no_cord = {"NoCord": {"Answer": EMPTY, **options.gate.content()}} if options.empty_without_cord else {}
    return {
        "Model": model_entry(*chosen.models),
        "Localizer": None if localizer is None else model_entry(localizer),
        "CropMarginsMm": None if localizer is None else margins.by_face(),
        "Engine": str(settings.engine),
        "Mirroring": settings.mirroring,
        "StepSize": settings.step,
        "PostProcessing": options.rules.content(),
        **continued,
        **no_cord,
    }
