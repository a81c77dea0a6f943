"""`nnunet_ext classify train`: a classifier from patients with a diagnosis."""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nnunet_ext.classification.evidence import Evidence
from nnunet_ext.classification.study.sources import Sources, is_raw
from nnunet_ext.classification.taxonomy import SHIPPED, load_taxonomy
from nnunet_ext.cli.best_device import best_device
from nnunet_ext.cli.classify.sources import add_sources, sources_of
from nnunet_ext.cli.n_procs import add_n_procs
from nnunet_ext.cli.run_settings import run_settings
from nnunet_ext.cli.take_options import take_options
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.output_place import OutputPlace

if TYPE_CHECKING:
    from nnunet_ext.classification.cases.patient import Patient
    from nnunet_ext.classification.cases.patient_sets import PatientSets
    from nnunet_ext.classification.study.train import Trained, TrainingSettings

_AUTO: Final = "auto"
_FLAT: Final = "2.5d"
_SOLID: Final = "3d"


@dataclass(frozen=True)
class ClassifyTrain:
    """Train a classifier: each field is the argument of its name."""

    sources: Sources
    out: Path
    taxonomy: str
    segmentation: Path | None
    test_sites: tuple[str, ...]
    channels: tuple[str, ...]
    evidence: tuple[str, ...]
    folds: int
    whole_sites: bool
    coverage: float
    seed: int
    network: str
    epochs: int | None
    device: str
    n_procs: int
    force: bool

    def run(self) -> int:
        """Find patients, measure them, train, and say which evidence is recommended."""
        # Within the function: SciPy, pandas and what reads images, which a wrong argument must not wait for.
        from nnunet_ext.classification.measured.design import usable_columns  # noqa: PLC0415
        from nnunet_ext.classification.measures.measure_dictionary import measure_dictionary  # noqa: PLC0415
        from nnunet_ext.classification.study.measured_patient import Measuring  # noqa: PLC0415
        from nnunet_ext.classification.study.train import train_classifier  # noqa: PLC0415
        from nnunet_ext.classification.study.write_training import begin_training  # noqa: PLC0415
        from nnunet_ext.cli.classify.measured import (  # noqa: PLC0415
            PREDICTED,
            channels_of,
            have_probabilities,
            masks_of,
            read_patients,
        )

        if min(self.folds - 1, self.seed + 1, self.epochs or 1) < 1:
            raise UsageError("--folds needs 2 or more, --epochs 1 or more and --seed 0 or more")
        settings = self._settings()
        place = self._place
        place.refuse_inputs([*self.sources.datasets, *self.sources.masks])
        place.refuse_taken()
        taxonomy = load_taxonomy(self.taxonomy)
        patients = self.sources.patients(taxonomy)
        _refuse_nobody(patients)
        masks, model = masks_of(patients)
        sets = self._sets(patients, predicted=masks == PREDICTED)
        place.begin(())
        learning = [one for one in patients if any(one.person in fold for fold in sets.folds)]
        channels = self.channels or channels_of(learning)
        crop = settings.network.crop if Evidence.NETWORK in settings.evidences else None
        probability = crop is not None and have_probabilities(learning)
        reading = Measuring(channels, self.out / "training" / "measured", crop, probability)
        measured = read_patients(learning, reading, self.n_procs)
        columns = usable_columns(column.name for column in measure_dictionary(channels))
        settings = replace(settings, masks=masks, segmentation=model, probability=probability)
        training = begin_training(self.out, taxonomy, patients, sets, measured, (columns, settings))
        print(_in_words(learning, sets, channels), flush=True)
        trained = train_classifier(
            training, channels, columns, settings, self.out, lambda text: print(text, flush=True)
        )
        place.finish()
        _tell(trained, self.out)
        return 0

    @property
    def _place(self) -> OutputPlace:
        title = "A classifier of nnunet_ext"
        return OutputPlace(self.out, "classify train", title, force=self.force, settings=run_settings(self))

    def _settings(self) -> "TrainingSettings":
        from nnunet_ext.classification.network.settings import SOLID_CROP, NetworkSettings  # noqa: PLC0415
        from nnunet_ext.classification.study.train import TrainingSettings  # noqa: PLC0415

        network = NetworkSettings(dimensions=3, crop=SOLID_CROP) if self.network == _SOLID else NetworkSettings()
        network = replace(network, epochs=self.epochs or network.epochs)
        asked = tuple(Evidence(name) for name in Evidence if name in self.evidence)
        of_network = Evidence.NETWORK in asked
        device = (best_device() if of_network else "cpu") if self.device == _AUTO else self.device
        return TrainingSettings(asked, self.coverage, self.seed, network, device)

    def _sets(self, patients: "Sequence[Patient]", *, predicted: bool) -> "PatientSets":
        """Put the patients into folds that agree with the segmentation's, and refuse what it has seen."""
        from nnunet_ext.classification.cases.patient_sets import patient_sets, segmenter_folds  # noqa: PLC0415
        from nnunet_ext.classification.study.mask_makers import refuse_seen  # noqa: PLC0415
        from nnunet_ext.core.dataset_files.folds import read_folds  # noqa: PLC0415

        raw = self.segmentation or next((one for one in self.sources.datasets if is_raw(one)), None)
        folds = read_folds(raw) if raw is not None else ()
        if self.segmentation is not None and not folds:
            raise DataRefusedError(f"{self.segmentation}: folds of the segmentation were needed, found none; "
                                   "name the raw dataset that it was trained on")  # fmt: skip
        sets = patient_sets(patients, folds, self.test_sites, self.folds, self.seed, whole_sites=self.whole_sites)
        refuse_seen(patients, segmenter_folds(patients, folds), predicted=predicted)
        return sets


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the action's arguments."""
    add_sources(parser)
    add = parser.add_argument
    add("-o", dest="out", type=Path, required=True, metavar="OUT", help="folder of the classifier; resumable")
    add("--taxonomy", default=SHIPPED, metavar="TREE", help="name or TOML file of the tree of diagnoses")
    add(
        "--segmentation", type=Path, metavar="RAW",
        help="raw dataset that the segmentation of the lesion masks was trained on: patients stay in its folds, and "
        "none whom it knows is tested on (default: DATA, where it is a raw dataset)",
    )  # fmt: skip
    add(
        "--test-sites", nargs="+", default=[], metavar="SITE",
        help="sites that are left out, to be predicted and evaluated afterwards (default: none)",
    )  # fmt: skip
    add(
        "--channels", nargs="+", default=[], metavar="CONTRAST",
        help="contrasts to look at, that of the masks first (default: those that a tenth of the patients have)",
    )  # fmt: skip
    add(
        "--evidence", nargs="+", choices=[str(one) for one in Evidence], default=[str(one) for one in Evidence],
        metavar="KIND", help=f"of {', '.join(Evidence)}: what is trained",
    )  # fmt: skip
    add("--folds", type=int, default=5, metavar="N", help="of patients, where the segmentation has none")
    add(
        "--whole-sites",
        action="store_true",
        help="folds of whole sites: what is said out of fold is of a new site's patients",
    )
    add("--coverage", type=float, default=0.9, metavar="P", help="share of patients whose set holds the truth")
    add("--seed", type=int, default=0, metavar="N", help="of every draw")
    add("--network", choices=(_FLAT, _SOLID), default=_FLAT, help="of sagittal slices, or of the whole crop: slower")
    add("--epochs", type=int, metavar="N", help="of each network (default: 15)")
    add("-device", "--device", choices=(_AUTO, "cpu", "cuda", "mps"), default=_AUTO, help="of networks")
    add_n_procs(parser)
    add("--force", action="store_true", help="replace a classifier that was trained otherwise")


def from_options(options: argparse.Namespace) -> ClassifyTrain:
    """Take the parsed arguments."""
    return take_options(ClassifyTrain, options, sources=sources_of(options))


def _refuse_nobody(patients: "Sequence[Patient]") -> None:
    """Refuse folders in which nobody has both a diagnosis and a lesion mask, with what they lack."""
    from nnunet_ext.classification.cases.patients_table import count_statuses  # noqa: PLC0415

    counts = count_statuses(patients)
    if counts["include"]:
        return
    reasons = Counter(one.reason for one in patients).most_common(3)
    found = "; ".join(f"{reason} ({count})" for reason, count in reasons)
    raise DataRefusedError(
        f"patients with a diagnosis and a lesion mask were needed, found none among {len(patients)}: {found}; give "
        f"participants.tsv a column diagnosis, and masks by --lesions (nnunet_ext predict makes them)"
    )


def _in_words(learning: "Sequence[Patient]", sets: "PatientSets", channels: Sequence[str]) -> str:
    counts = Counter(one.diagnosis for one in learning)
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    left = len(sets.test) + len(sets.external)
    apart = f"; {left} are kept for testing" if left else ""
    return f"{len(learning)} patients ({told}) in {len(sets.folds)} folds, of {' and '.join(channels)}{apart}"


def _tell(trained: "Trained", out: Path) -> None:
    for name, loss in trained.recommendation.losses.items():
        print(f"{name}: log loss {loss:.3f} out of fold")
    described = trained.description
    print(f"recommended: {described.recommended}: {described.reason}")
    for warning in described.warnings:
        print(warning)
    print(f"{out}: to predict with it: nnunet_ext classify predict DATA --lesions MASKS -m {out} -o said")
