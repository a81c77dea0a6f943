"""`nnunet_ext classify predict`: what a classifier makes of patients' lesions."""

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nnunet_ext.classification.evidence import Evidence
from nnunet_ext.classification.study.sources import Sources
from nnunet_ext.cli.classify.sources import add_sources, sources_of
from nnunet_ext.cli.n_procs import add_n_procs
from nnunet_ext.cli.run_settings import run_settings
from nnunet_ext.cli.take_options import take_options
from nnunet_ext.core.environment import folder_of
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.output_place import OutputPlace
from nnunet_ext.models.classifier.find import find_classifier

if TYPE_CHECKING:
    from nnunet_ext.classification.cases.patient import Patient
    from nnunet_ext.classification.classifier.classifier import Classifier
    from nnunet_ext.classification.classifier.prediction_tables import PredictedPatient
    from nnunet_ext.classification.study.measured_patient import MeasuredPatient

_SHOWN: Final = 20


@dataclass(frozen=True)
class ClassifyPredict:
    """Predict: each field is the argument of its name."""

    sources: Sources
    out: Path
    model: Path
    evidence: str | None
    coverage: float | None
    hide: tuple[str, ...]
    seen: bool
    maps: bool
    n_procs: int
    json: bool
    force: bool

    def run(self) -> int:
        """Read, predict, write, and say what can be said of each patient."""
        # Within the function: SciPy and pandas, and for a network torch, which a wrong argument must not wait for.
        from nnunet_ext.classification.classifier.classifier import read_classifier  # noqa: PLC0415
        from nnunet_ext.classification.classifier.predict import predict_patients  # noqa: PLC0415
        from nnunet_ext.classification.classifier.write_predictions import (  # noqa: PLC0415
            Written,
            files_of,
            write_predictions,
        )
        from nnunet_ext.classification.study.write_training import trained_people  # noqa: PLC0415
        from nnunet_ext.cli.classify.measured import masks_of  # noqa: PLC0415

        folder = find_classifier(str(self.model), folder_of("nnUNet_results", os.environ))
        place = self._place(folder)
        place.refuse_inputs([*self.sources.datasets, *self.sources.masks, folder])
        place.refuse_taken()
        classifier = read_classifier(folder)
        described = classifier.description
        evidence = self._checked(classifier)
        trained = trained_people(folder)
        found = self.sources.patients(described.taxonomy)
        patients = self._chosen(found, trained)
        masks = masks_of(patients)[0]
        other = _other_masks(described.trained.get("masks"), masks)
        place.begin(files_of(self.maps, [one.person for one in patients]))
        measured = self._measured(classifier, patients)
        coverage = described.coverage if self.coverage is None else self.coverage
        predicted = predict_patients(classifier, measured, evidence, coverage)
        written = Written(folder, evidence, coverage, masks, tuple(sorted(trained)), other)
        write_predictions(self.out, classifier, patients, measured, predicted, written)
        if self.maps and Evidence.NETWORK in described.evidences:
            self._draw(classifier, measured)
        place.finish()
        self._tell(classifier, predicted, evidence, (*other, *described.warnings))
        return 0

    def _place(self, folder: Path) -> OutputPlace:
        settings = {**run_settings(self), "model": folder}
        title = "Lesions classified by nnunet_ext"
        return OutputPlace(self.out, "classify predict", title, force=self.force, settings=settings)

    def _checked(self, classifier: "Classifier") -> Evidence:
        """Refuse what the classifier does not know, and give the evidence that counts."""
        described = classifier.description
        if self.coverage is not None and not 0 < self.coverage < 1:
            raise UsageError(f"--coverage: a share between 0 and 1 was needed, such as 0.9, found {self.coverage:g}")
        if strange := sorted(set(self.hide) - set(described.channels[1:])):
            raise UsageError(
                f"--hide: contrasts other than that of the masks were needed, of {', '.join(described.channels[1:])}, "
                f"found {', '.join(strange)}"
            )
        if self.evidence is None:
            return described.recommended
        if self.evidence not in described.evidences:
            there = ", ".join(described.evidences)
            raise UsageError(f"--evidence: one of {there} was needed, found {self.evidence}, which was not trained")
        return Evidence(self.evidence)

    def _chosen(self, found: "Sequence[Patient]", trained: "frozenset[str]") -> "list[Patient]":
        """Leave out whom nothing can be said of, and those who trained the classifier, unless they are asked for."""
        from nnunet_ext.classification.cases.patient import PatientStatus  # noqa: PLC0415
        from nnunet_ext.classification.evaluated.person_digest import person_digest  # noqa: PLC0415

        usable = [one for one in found if one.status is not PatientStatus.SKIP]
        known = [one.person for one in usable if person_digest(one.person) in trained]
        skipped = [f"{one.person}: {one.reason}" for one in found if one.status is PatientStatus.SKIP]
        chosen = usable if self.seen else [one for one in usable if one.person not in set(known)]
        if not self.json:
            for text in skipped[:_SHOWN]:
                print(f"left out: {text}")
            if known and not self.seen:
                print(
                    f"left out, as they trained the classifier: {first_few(known)} (--seen predicts them all the same)"
                )
        if not chosen:
            raise DataRefusedError(
                f"patients with images and lesion masks were needed, found none that did not train the classifier: "
                f"{len(known)} did, {len(skipped)} cannot be used; see nnunet_ext classify predict --help"
            )
        return chosen

    def _measured(self, classifier: "Classifier", patients: "Sequence[Patient]") -> "list[MeasuredPatient]":
        from nnunet_ext.classification.study.hide import hidden  # noqa: PLC0415
        from nnunet_ext.classification.study.measured_patient import Measuring  # noqa: PLC0415
        from nnunet_ext.classification.study.train import PROBABILITY  # noqa: PLC0415
        from nnunet_ext.cli.classify.measured import read_patients  # noqa: PLC0415

        described = classifier.description
        probability = described.trained.get("lesion_channel") == PROBABILITY
        reading = Measuring(described.channels, self.out / "work", classifier.crop_settings(), probability)
        return read_patients([hidden(one, self.hide) for one in patients], reading, self.n_procs)

    def _draw(self, classifier: "Classifier", measured: "Sequence[MeasuredPatient]") -> None:
        from nnunet_ext.classification.classifier.draw_maps import draw_maps  # noqa: PLC0415
        from nnunet_ext.cli.progress import progress_bar  # noqa: PLC0415

        with progress_bar("pictures", "patient") as progress:
            draw_maps(classifier, measured, self.out, progress)

    def _tell(
        self,
        classifier: "Classifier",
        predicted: "Sequence[PredictedPatient]",
        evidence: Evidence,
        warnings: Sequence[str],
    ) -> None:
        from nnunet_ext.classification.classifier.decision import decision  # noqa: PLC0415

        taxonomy = classifier.description.taxonomy
        said = {one.person: decision(taxonomy, one.kept) for one in predicted}
        if self.json:
            print(json.dumps({"output": str(self.out), "evidence": str(evidence), "decisions": said}))
            return
        for one in predicted[:_SHOWN]:
            flags = f" ({', '.join(one.flags)})" if one.flags else ""
            print(f"{one.person}: {said[one.person]}{flags}")
        if len(predicted) > _SHOWN:
            print(f"{len(predicted) - _SHOWN} more patients in the table")
        for warning in warnings:
            print(warning)
        print(f"{self.out}: {len(predicted)} patients by {evidence}; see predictions.tsv and contributions.tsv")


def _other_masks(trained: object, masks: str) -> tuple[str, ...]:
    """Warn of masks of another kind than those of the training: synthetic patients' sets of 90 % then held 78 %."""
    if trained == masks:
        return ()
    return (
        f"The classifier was trained on {trained} lesion masks, and these are {masks}: probabilities and coverage do "
        f"not hold for them.",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the action's arguments."""
    add_sources(parser)
    add = parser.add_argument
    add(
        "-m",
        dest="model",
        type=Path,
        required=True,
        metavar="MODEL",
        help="folder of a classifier, or an imported name",
    )
    add("-o", dest="out", type=Path, required=True, metavar="OUT", help="folder of the tables and pictures")
    add(
        "--evidence", choices=[str(one) for one in Evidence], metavar="KIND",
        help=f"of {', '.join(Evidence)}: which counts (default: the recommended one)",
    )  # fmt: skip
    add(
        "--coverage", type=float, metavar="P",
        help="share of patients whose set holds the truth: the higher, the oftener `not sure` (default: as trained)",
    )  # fmt: skip
    add(
        "--hide", nargs="+", default=[], metavar="CONTRAST",
        help="contrasts to leave out, as if there were none, to see what they are worth (default: none)",
    )  # fmt: skip
    add(
        "--seen",
        action="store_true",
        help="predict those who trained the classifier, too: figures of them are flattered",
    )
    add("--no-maps", dest="maps", action="store_false", help="draw no pictures of where the network looked")
    add_n_procs(parser)
    add("--json", action="store_true", help="answer in JSON")
    add("--force", action="store_true", help="replace predictions that were made otherwise")


def from_options(options: argparse.Namespace) -> ClassifyPredict:
    """Take the parsed arguments."""
    return take_options(ClassifyPredict, options, sources=sources_of(options))
