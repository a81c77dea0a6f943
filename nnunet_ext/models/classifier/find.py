"""Finding a classifier by its folder, or by the name under which it was installed."""

from pathlib import Path

from nnunet_ext.core.errors import UsageError
from nnunet_ext.models.classifier.entries import CLASSIFIER, INSTALLED, is_classifier_name


def find_classifier(asked: str, results: Path | None) -> Path:
    """Give a classifier's folder.

    Parameters
    ----------
    asked
        Its folder, or a name that stands in `nnUNet_results/classifiers`.
    results
        `nnUNet_results`; None where that is not set.

    Raises
    ------
    UsageError
        Where there is none, with the names of those that are installed.
    """
    if (Path(asked) / CLASSIFIER).is_file():
        return Path(asked)
    installed = [] if results is None else sorted((results / INSTALLED).glob(f"*/{CLASSIFIER}"))
    found = {path.parent.name: path.parent for path in installed}
    if is_classifier_name(asked) and asked in found:
        return found[asked]
    where = "nnUNet_results is not set" if results is None else f"installed: {', '.join(found) or 'none'}"
    raise UsageError(
        f"-m needs the folder of a classifier, with {CLASSIFIER}, or the name of an installed one; found none: "
        f"{asked} ({where}). Install one with nnunet_ext model import FILE.zip"
    )
