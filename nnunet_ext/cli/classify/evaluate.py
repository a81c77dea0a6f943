"""`nnunet_ext classify evaluate`: what predictions are worth where the diagnosis is known."""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nnunet_ext import __version__
from nnunet_ext.cli.run_settings import run_settings
from nnunet_ext.cli.take_options import take_options
from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.output_place import OutputPlace

if TYPE_CHECKING:
    from nnunet_ext.classification.evaluated.evaluate_predictions import Evaluated
    from nnunet_ext.classification.evaluated.predictions import Predictions

_PAGE: Final = "report.html"
_DICTIONARY: Final = "evaluate.json"
_LEAST_DRAWS: Final = 100


@dataclass(frozen=True)
class ClassifyEvaluate:
    """Judge predictions: each field is the argument of its name, None where it is not given."""

    predicted: tuple[Path, ...]
    out: Path
    manual: Path | None
    without_gadolinium: Path | None
    bootstrap: int
    seed: int
    force: bool
    json: bool

    def run(self) -> int:
        """Read, judge, write, and say what was found."""
        from nnunet_ext.classification.evaluated.evaluate_predictions import evaluate_predictions  # noqa: PLC0415 - scipy
        from nnunet_ext.classification.evaluated.join_predictions import join_predictions  # noqa: PLC0415
        from nnunet_ext.classification.evaluated.read_predictions import read_predictions  # noqa: PLC0415
        from nnunet_ext.classification.judge.resample import Resampling  # noqa: PLC0415

        place = OutputPlace(self.out, "classify evaluate", "Evaluation of a classifier", self.force, run_settings(self))
        others = self._others()
        place.refuse_inputs([*self.predicted, *others.values()])
        place.refuse_taken()
        predictions = join_predictions({folder: read_predictions(folder) for folder in self.predicted})
        compared = {name: (folder, read_predictions(folder)) for name, folder in others.items()}
        resampling = Resampling(self.bootstrap, self.seed)
        evaluated = evaluate_predictions((self.predicted[0], predictions), compared, resampling)
        self._write(place, predictions, evaluated)
        self._tell(predictions, evaluated)
        return 0

    def _others(self) -> dict[str, Path]:
        from nnunet_ext.classification.evaluated.compare_tables import WITH_MANUAL, WITHOUT_GADOLINIUM  # noqa: PLC0415

        named = {WITH_MANUAL: self.manual, WITHOUT_GADOLINIUM: self.without_gadolinium}
        return {name: folder for name, folder in named.items() if folder is not None}

    def _write(self, place: OutputPlace, predictions: "Predictions", evaluated: "Evaluated") -> None:
        """Write the tables, what describes them, and the page last."""
        from nnunet_ext.classification.evaluated.evaluated_dictionary import TABLES, evaluated_dictionary  # noqa: PLC0415
        from nnunet_ext.core.atomic import write_json, write_text  # noqa: PLC0415
        from nnunet_ext.core.tables import table_text  # noqa: PLC0415
        from nnunet_ext.report.classification.compose_page import compose_classification_page  # noqa: PLC0415
        from nnunet_ext.report.classification.judged import Judged  # noqa: PLC0415
        from nnunet_ext.report.classification.page import render_classification_page  # noqa: PLC0415

        facts = self._facts(predictions)
        judged = Judged(
            tables=evaluated.tables,
            questions=evaluated.questions,
            recommended=predictions.classifier.recommended,
            patients=len(predictions.patients),
            findings=evaluated.findings,
            leaks=evaluated.leaks,
            cautions=evaluated.cautions,
            definitions=TABLES,
            facts=facts,
        )
        page = render_classification_page(compose_classification_page(judged))
        place.begin((*evaluated.tables, _DICTIONARY, _PAGE))
        counts = {name: len(rows) for name, rows in evaluated.tables.items()}
        said = {"leaks": list(evaluated.leaks), "cautions": list(evaluated.cautions), "facts": dict(facts)}
        write_json(place.folder / _DICTIONARY, evaluated_dictionary(counts, said))
        for name, rows in evaluated.tables.items():
            write_text(place.folder / name, table_text(rows, list(TABLES[name])))
        write_text(place.folder / _PAGE, page)
        place.finish()

    def _facts(self, predictions: "Predictions") -> Mapping[str, str]:
        classifier = predictions.classifier
        return {
            "Taxonomy": classifier.taxonomy.name,
            "Evidences": ", ".join(classifier.evidences),
            "Recommended": classifier.recommended,
            "Folders": ", ".join(folder.resolve().name for folder in self.predicted),
            "Resampling": f"{self.bootstrap} draws of patients, seed {self.seed}",
            "Version": f"nnunet_ext {__version__}",
        }

    def _tell(self, predictions: "Predictions", evaluated: "Evaluated") -> None:
        page = self.out / _PAGE
        if self.json:
            told = {"patients": len(predictions.patients), "recommended": predictions.classifier.recommended}
            said = {"findings": evaluated.findings, "leaks": evaluated.leaks, "cautions": evaluated.cautions}
            print(json.dumps({**told, **said, "page": str(page)}, ensure_ascii=False))
            return
        for sentence in evaluated.cautions:
            print(f"nnunet_ext classify: warning: {sentence}", file=sys.stderr)
        print(f"{len(predictions.patients)} patients, by {predictions.classifier.recommended} (recommended):")
        print("\n".join(f"  {sentence}" for sentence in evaluated.findings))
        print("No leak was found." if not evaluated.leaks else "Leaks found: " + "; ".join(evaluated.leaks))
        print(f"{page}: every table and figure on one page; open it in a browser. Research use only.")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the action's arguments."""
    add = parser.add_argument
    add(
        "predicted", nargs="+", type=Path, metavar="PREDICTED",
        help="folders that classify predict left, of patients whose diagnosis is known: several are one test",
    )  # fmt: skip
    add("-o", dest="out", type=Path, required=True, metavar="OUT", help="folder for the tables and the page")
    add(
        "--manual", type=Path, metavar="FOLDER",
        help="the same patients predicted with masks that people drew: what do masks cost? (default: not compared)",
    )  # fmt: skip
    add(
        "--without-gadolinium", type=Path, metavar="FOLDER",
        help="the same patients predicted without the images that have it: what does it bring? (default: not compared)",
    )  # fmt: skip
    add("--bootstrap", type=int, default=2000, metavar="N", help="draws of patients for intervals")
    add("--seed", type=int, default=0, metavar="N", help="of the draws: the same seed gives the same bytes")
    add("--force", action="store_true", help="replace the very files that another evaluation left in OUT")
    add("--json", action="store_true", help="answer in JSON")


def from_options(options: argparse.Namespace) -> ClassifyEvaluate:
    """Take the parsed arguments.

    Raises
    ------
    UsageError
        Where draws are too few, or a folder is named twice.
    """
    if options.bootstrap < _LEAST_DRAWS or options.seed < 0:
        raise UsageError(f"--bootstrap needs {_LEAST_DRAWS} draws at least, and --seed a number from 0 up")
    named = [folder.resolve() for folder in options.predicted]
    if twice := [folder for folder in named if named.count(folder) > 1]:
        raise UsageError(f"different folders were needed, found {twice[0].name} twice; name it once")
    return take_options(ClassifyEvaluate, options)
