"""`nnunet_ext predict`: masks in the images' own geometry, from one or two trained models."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Final

from nnunet_ext import __version__
from nnunet_ext.cascade.prediction.case_files import Naming, Wanted
from nnunet_ext.cascade.prediction.engines import Engine
from nnunet_ext.cascade.prediction.post_processing import HALF
from nnunet_ext.cascade.prediction.predict_all import (
    CaseOutcome,
    PredictionJob,
    Status,
    predict_all,
    refuse_overwriting,
)
from nnunet_ext.cascade.prediction.predict_case import FULL_IMAGE_MARGINS, CaseOptions
from nnunet_ext.cascade.prediction.prediction_table import prediction_table
from nnunet_ext.cascade.prediction.read_images import InputCase
from nnunet_ext.cascade.prediction.segmentation import CaseSegmenter, SegmenterOptions
from nnunet_ext.cli.best_device import best_device
from nnunet_ext.cli.predict.arguments import add_arguments
from nnunet_ext.cli.predict.bids import InputChoice
from nnunet_ext.cli.predict.describe_run import describe_run
from nnunet_ext.cli.predict.inputs import FoundInputs, Layout, find_inputs
from nnunet_ext.cli.predict.model import channel_names, find_model, localizer_channels, model_entry, read_margins
from nnunet_ext.cli.predict.raw_link import raw_link
from nnunet_ext.cli.predict.rules import AskedRules, choose_rules
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.cli.refuse_some import refuse_some
from nnunet_ext.cli.take_options import take_options
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.labels import CORD, Labelling
from nnunet_ext.core.model_name import STOCK_TRAINER
from nnunet_ext.core.output_place import OutputPlace
from nnunet_ext.core.read_checkpoint import TrainedModel
from nnunet_ext.models.load import load_model
from nnunet_ext.models.postprocessing_file import LargestOf, find_postprocessing, read_postprocessing
from nnunet_ext.trainers import is_our_trainer

__all__ = ["Predict", "add_arguments", "from_options"]

_SHOWN: Final = 5
_WARNED: Final = 20


@dataclass(frozen=True)
class Predict:
    """Predict images.

    Parameters
    ----------
    model, localizer
        Folders, or names below `nnUNet_results`; the latter empty where there is none.
    folds, checkpoint
        Of the model.
    margins_file
        A `crop_metadata.json`; None for the model's own margins.
    inputs
        Files, or one folder.
    choice
        Of what is in it.
    out, naming, wanted
        Where outputs go, how they are named, and which there are.
    continue_prediction
        Whether finished cases are kept.
    force
        Whether predictions of other settings are replaced.
    rules
        Post-processing.
    device
        `auto`, or as torch names it.
    engine, mirroring, step
        Of the network.
    part
        Which of how many parts.
    json
        Whether the answer is JSON.
    """

    model: str
    localizer: str
    folds: tuple[str, ...]
    checkpoint: str
    margins_file: Path | None
    inputs: tuple[Path, ...]
    choice: InputChoice
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
    part: tuple[int, int]
    json: bool

    def run(self) -> int:
        """Predict, and answer 3 where an image was refused."""
        models = self._load()
        options = self._options(models)
        self._refuse_empty_wishes(models, options.regions)
        found = find_inputs(self.inputs, channel_names(models.model.dataset_json), self.choice)
        place = OutputPlace(self.out, "predict", "Predictions of nnunet_ext")
        place.refuse_inputs(self.inputs, derivatives=found.layout is Layout.BIDS)
        place.refuse_taken()
        cases = self._mine(found)
        raw = self.inputs[0] if found.layout is Layout.BIDS else None
        job = replace(self._job(models, options), linked=bool(raw_link(self.out, raw)))
        refuse_overwriting(cases, job)
        regions = options.regions.names
        describe_run(place, self.naming, regions, (models.model.plans, models.model.dataset_json), raw)
        outcomes: list[CaseOutcome] = []
        try:
            with progress_bar("predict", "case") as progress:
                for outcome in predict_all(cases, job):
                    outcomes.append(outcome)
                    progress(len(outcomes), len(cases))
        finally:  # whoever interrupts a run sees what was done
            write_text(self._file("predictions", ".tsv"), prediction_table(outcomes, regions))
        return self._conclude(outcomes, (*found.notes, *_of_model(models.largest_of)))

    def _load(self) -> "_Models":
        folder = find_model(self.model, "-m")
        model = load_model(folder, self.folds, self.checkpoint)
        steps: LargestOf = ()
        if self.rules.model_postprocessing:
            file = find_postprocessing(folder, [fold.name for fold in model.folds])
            steps = () if file is None else read_postprocessing(file)
        if not self.localizer:
            return _Models(model, None, steps)
        # One fold, and not mirrored: a box with margins needs no second opinion, and time is what it is for.
        localizer = load_model(find_model(self.localizer, "--localizer"))
        return _Models(model, replace(localizer, folds=localizer.folds[:1]), steps)

    def _options(self, models: "_Models") -> CaseOptions:
        regions = Labelling.of_model(models.model.dataset_json)
        channels: tuple[int, ...] = (0,)
        if models.localizer is not None:
            of_localizer = channel_names(models.localizer.dataset_json)
            channels = localizer_channels(of_localizer, channel_names(models.model.dataset_json))
        margins = None if self.margins_file is None else read_margins(self.margins_file)
        rules = replace(choose_rules(regions, self.rules), largest_of=models.largest_of)
        return CaseOptions(regions, rules, margins, channels)

    def _refuse_empty_wishes(self, models: "_Models", regions: Labelling) -> None:
        if self.wanted.disagreement and len(models.model.folds) == 1:
            raise UsageError("--disagreement needs a model with several folds, found one: train more, or name more: -f")
        if self.margins_file is not None and models.localizer is None:
            raise UsageError("--margins-file is for the box around a cord: it needs a --localizer")
        if self.wanted.centreline and models.localizer is None and CORD not in regions.names:
            raise UsageError(f"--centreline needs a model with the region {CORD}, or a --localizer")

    def _mine(self, found: FoundInputs) -> list[InputCase]:
        """Take this part's cases, and refuse an input without any image to predict."""
        if all(case.reason and not case.refused for case in found.cases):
            reasons = Counter(case.reason for case in found.cases).most_common(_SHOWN)
            told = "; ".join(f"{count} left out: {reason}" for reason, count in reasons)
            raise DataRefusedError(f"{self.inputs[0]}: an image to predict was needed; {told}")
        part, parts = self.part
        return list(found.cases[part::parts])

    def _job(self, models: "_Models", options: CaseOptions) -> PredictionJob:
        device = self.device
        if device == "auto":
            device = best_device() if self.engine is Engine.TORCH else "cpu"
        probabilities = self.wanted.probabilities or options.rules.threshold != HALF
        segmenter = self._segmenter(
            models.model,
            SegmenterOptions(
                device=device,
                mirroring=self.mirroring,
                engine=self.engine,
                step=self.step,
                disagreement=self.wanted.disagreement,
                probabilities=probabilities,
            ),
        )
        plain = SegmenterOptions(device, mirroring=False, engine=self.engine, step=self.step)
        localizer = None if models.localizer is None else self._segmenter(models.localizer, plain)
        margins = options.margins or segmenter.crop_margins or FULL_IMAGE_MARGINS
        recipe = {
            "Model": model_entry(models.model),
            "Localizer": None if models.localizer is None else model_entry(models.localizer),
            "CropMarginsMm": None if localizer is None else margins.by_face(),
            "Engine": str(self.engine),
            "Mirroring": self.mirroring,
            "StepSize": self.step,
            "PostProcessing": options.rules.content(),
        }
        about = {"Versions": {name: version(name) for name in ("nnunetv2", "torch")}, "Device": device}
        return PredictionJob(
            segmenter=segmenter,
            localizer=localizer,
            options=options,
            out=self.out,
            naming=self.naming,
            wanted=self.wanted,
            recipe=recipe,
            about=about,
            keep_finished=self.continue_prediction,
            force=self.force,
            reader=str(models.model.plans["image_reader_writer"]),
        )

    def _segmenter(self, model: TrainedModel, options: SegmenterOptions) -> CaseSegmenter:
        # torch and nnU-Net: seconds of import that a wrong argument must not cost.
        from nnunet_ext.cascade.prediction.segmenter import Segmenter  # noqa: PLC0415

        # To import a trainer takes longer than a small image, and ours build the network that nnU-Net's own builds.
        return Segmenter(replace(model, trainer=STOCK_TRAINER) if is_our_trainer(model.trainer) else model, options)

    def _file(self, stem: str, ending: str) -> Path:
        part, parts = self.part
        return self.out / (f"{stem}{ending}" if parts == 1 else f"{stem}_part-{part}-of-{parts}{ending}")

    def _conclude(self, outcomes: Sequence[CaseOutcome], notes: Sequence[str]) -> int:
        counts = {status: sum(outcome.status is status for outcome in outcomes) for status in Status}
        warned = [f"{outcome.case}: {text}" for outcome in outcomes for text in outcome.warnings]
        for sentence in (*notes, *warned[:_WARNED]):
            print(f"nnunet_ext predict: warning: {sentence}", file=sys.stderr)
        if len(warned) > _WARNED:
            print(f"nnunet_ext predict: and {len(warned) - _WARNED} more warnings, in the table", file=sys.stderr)
        said = f"{len(outcomes)} images: " + ", ".join(f"{count} {status}" for status, count in counts.items())
        corrected = [outcome.case for outcome in outcomes if outcome.spared]
        if corrected:
            said += f"; {len(corrected)} of the kept corrected by hand: {', '.join(corrected[:_SHOWN])}"
        failed = [f"{outcome.case}: {outcome.reason}" for outcome in outcomes if outcome.status is Status.FAILED]
        lines = [f"nnunet_ext {__version__} predict", *(f"warning: {text}" for text in (*notes, *warned))]
        write_text(
            self._file("predict", ".log"), "\n".join([*lines, *(f"failed: {text}" for text in failed), said, ""])
        )
        table = self._file("predictions", ".tsv")
        if self.json:
            print(json.dumps({"output": str(self.out), "table": str(table), "images": counts, "corrected": corrected}))
        else:
            print(f"{self.out}: {said}; see {table.name}")
        refuse_some(failed, len(outcomes), "images were not predicted", "--continue_prediction")
        return 0


@dataclass(frozen=True)
class _Models:
    model: TrainedModel
    localizer: TrainedModel | None
    largest_of: LargestOf


def _of_model(steps: LargestOf) -> list[str]:
    """Say what was done because nnU-Net found it to help the model."""
    if not steps:
        return []
    told = "; ".join(f"of label {' and '.join(map(str, values))} the largest component stays" for values in steps)
    return [f"postprocessing.pkl of the model was applied: {told}; without it: --no-model-postprocessing"]


def from_options(options: argparse.Namespace) -> Predict:
    """Take the parsed arguments."""
    if not 0 <= options.part_id < options.num_parts:
        raise UsageError(f"-part_id needs a number from 0 to -num_parts - 1, found {options.part_id}")
    if not 0 < options.step_size <= 1:
        raise UsageError(f"-step_size needs a share above 0 and up to 1, found {options.step_size}")
    if options.processes is not None:
        print("nnunet_ext predict: -npp and -nps are not needed: one process does all", file=sys.stderr)
    choice = InputChoice(
        participants=tuple(options.participant_label),
        sessions=tuple(options.session_label),
        suffixes=tuple(options.suffix),
        zero=options.missing_channel == "zero",
    )
    return take_options(
        Predict,
        options,
        choice=choice,
        naming=Naming(options.naming),
        wanted=Wanted(options.save_probabilities, options.disagreement, options.centreline),
        rules=take_options(AskedRules, options),
        engine=Engine(options.engine),
        mirroring=not options.disable_tta,
        step=options.step_size,
        part=(options.part_id, options.num_parts),
    )
