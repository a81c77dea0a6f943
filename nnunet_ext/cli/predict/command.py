"""`nnunet_ext predict`: masks in the images' own geometry, from trained models or those that come with the package."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext import __version__
from nnunet_ext.cascade.prediction.case_files import Naming, Wanted
from nnunet_ext.cascade.prediction.engines import Engine
from nnunet_ext.cascade.prediction.predict_all import CaseOutcome, Status, predict_all, refuse_overwriting
from nnunet_ext.cascade.prediction.prediction_table import prediction_table
from nnunet_ext.cascade.prediction.read_images import InputCase
from nnunet_ext.cli.predict.arguments import add_arguments
from nnunet_ext.cli.predict.bids import InputChoice
from nnunet_ext.cli.predict.choose_models import AskedModels, ChosenModel, choose_models, group_cases
from nnunet_ext.cli.predict.describe_run import describe_run
from nnunet_ext.cli.predict.inputs import FoundInputs, Layout, find_inputs
from nnunet_ext.cli.predict.list_models import ListModels
from nnunet_ext.cli.predict.make_job import RunSettings, Segmenters, case_options, make_job
from nnunet_ext.cli.predict.model import channel_names, read_margins
from nnunet_ext.cli.predict.raw_link import raw_link
from nnunet_ext.cli.predict.rules import AskedRules
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.cli.refuse_some import refuse_some
from nnunet_ext.cli.take_options import take_options
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.labels import CORD
from nnunet_ext.core.output_place import OutputPlace
from nnunet_ext.models.postprocessing_file import LargestOf

__all__ = ["Predict", "add_arguments", "from_options"]

_SHOWN: Final = 5
_WARNED: Final = 20


@dataclass(frozen=True)
class Predict:
    """Predict images.

    Parameters
    ----------
    model, localizer
        As `AskedModels` has them.
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
        postprocessing = self.rules.model_postprocessing
        chosen = choose_models(AskedModels(self.model, self.localizer, self.folds, self.checkpoint, postprocessing))
        margins = None if self.margins_file is None else read_margins(self.margins_file)
        options = [case_options(one, margins, self.rules) for one in chosen]
        model, regions = chosen[0], options[0].regions.names
        self._refuse_empty_wishes(model, regions)
        found = find_inputs(self.inputs, channel_names(model.model.dataset_json), self.choice)
        place = OutputPlace(self.out, "predict", "Predictions of nnunet_ext")
        place.refuse_inputs(self.inputs, derivatives=found.layout is Layout.BIDS)
        place.refuse_taken()
        cases = self._mine(found)
        raw = self.inputs[0] if found.layout is Layout.BIDS else None
        same = {name: getattr(self, name) for name in RunSettings.__dataclass_fields__ if name != "linked"}
        settings, segmenters = RunSettings(**same, linked=bool(raw_link(self.out, raw))), Segmenters()
        jobs = [
            (make_job(chosen[at], options[at], settings, segmenters.of, suits=suits), members)
            for at, suits, members in group_cases(cases, chosen)
        ]
        for job, members in jobs:
            refuse_overwriting(members, job)
        describe_run(place, self.naming, regions, (model.model.plans, model.model.dataset_json), raw)
        outcomes: list[CaseOutcome] = []
        try:
            with progress_bar("predict", "case") as progress:
                for job, members in jobs:
                    for outcome in predict_all(members, job):
                        outcomes.append(outcome)
                        progress(len(outcomes), len(cases))
        finally:  # whoever interrupts a run sees what was done
            outcomes.sort(key=lambda outcome: outcome.case)
            write_text(self._file("predictions", ".tsv"), prediction_table(outcomes, regions))
        said = [sentence for job, _ in jobs for sentence in job.said]
        return self._conclude(outcomes, (*found.notes, *_of_model(model.largest_of), *dict.fromkeys(said)))

    def _refuse_empty_wishes(self, chosen: ChosenModel, regions: Sequence[str]) -> None:
        if self.wanted.disagreement and len(chosen.model.folds) == 1:
            raise UsageError("--disagreement needs a model with several folds, found one: train more, or name more: -f")
        if self.margins_file is not None and chosen.localizer is None:
            raise UsageError("--margins-file is for the box around a cord: it needs a --localizer")
        if self.wanted.centreline and chosen.localizer is None and CORD not in regions:
            raise UsageError(f"--centreline needs a model with the region {CORD}, or a --localizer")

    def _mine(self, found: FoundInputs) -> list[InputCase]:
        """Take this part's cases, and refuse an input without any image to predict."""
        if all(case.reason and not case.refused for case in found.cases):
            reasons = Counter(case.reason for case in found.cases).most_common(_SHOWN)
            told = "; ".join(f"{count} left out: {reason}" for reason, count in reasons)
            raise DataRefusedError(f"{self.inputs[0]}: an image to predict was needed; {told}")
        part, parts = self.part
        return list(found.cases[part::parts])

    def _file(self, stem: str, ending: str) -> Path:
        part, parts = self.part
        return self.out / (f"{stem}{ending}" if parts == 1 else f"{stem}_part-{part}-of-{parts}{ending}")

    def _conclude(self, outcomes: Sequence[CaseOutcome], notes: Sequence[str]) -> int:
        counts = {status: sum(outcome.status is status for outcome in outcomes) for status in Status}
        warned = [f"{one.case}: {text}" for one in outcomes for text in one.warnings if text not in notes]
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
            used = sorted({outcome.model for outcome in outcomes if outcome.model})
            told = {"output": str(self.out), "table": str(table), "models": used}
            print(json.dumps({**told, "images": counts, "corrected": corrected}))
        else:
            print(f"{self.out}: {said}; see {table.name}")
        refuse_some(failed, len(outcomes), "images were not predicted", "--continue_prediction")
        return 0


def _of_model(steps: LargestOf) -> list[str]:
    """Say what was done because nnU-Net found it to help the model."""
    if not steps:
        return []
    told = "; ".join(f"of label {' and '.join(map(str, values))} the largest component stays" for values in steps)
    return [f"postprocessing.pkl of the model was applied: {told}; without it: --no-model-postprocessing"]


def from_options(options: argparse.Namespace) -> Predict | ListModels:
    """Take the parsed arguments."""
    if options.list_models:
        return take_options(ListModels, options)
    missing = [flag for flag, given in (("-i", options.inputs), ("-o", options.out)) if not given]
    if missing:
        raise UsageError(f"{', '.join(missing)} missing; see: nnunet_ext predict --help")
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
