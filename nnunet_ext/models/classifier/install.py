"""Installing a shared classifier: out of quarantine, whole or not at all."""

import os
from pathlib import Path

from nnunet_ext.core.errors import ConflictError
from nnunet_ext.models.classifier.entries import TRAINING
from nnunet_ext.models.classifier.parsers import Parsers
from nnunet_ext.models.classifier.verify import VerifiedClassifier, unpack_classifier
from nnunet_ext.models.quarantine import move_in, quarantine, stands_there


def install_classifier(
    archive: Path, results: Path, parsers: Parsers, *, name: str = "", force: bool = False
) -> VerifiedClassifier:
    """Verify a zip in quarantine, then move its classifier to `classifiers/NAME`.

    Killed at any moment, that place holds the old classifier, the new one or none. One that stands there already, file
    by file the same, is left as it is.

    Parameters
    ----------
    results
        `nnUNet_results`; made where it is missing.
    name
        In the place of the one that it has in the zip.
    force
        Replace a classifier of the same name, if it was not trained here.

    Raises
    ------
    FileRefusedError, UnsafeModelError, UsageError
        See `unpack_classifier`.
    ConflictError
        Where another one stands there, or was trained there, or another process installs a model. Nothing was changed.
    """
    with quarantine(results) as fresh:
        verified = unpack_classifier(archive, fresh, parsers, name)
        if not stands_there(verified.place, results):
            place = results / verified.place
            if (place / TRAINING).exists():
                raise ConflictError(
                    f"{place}: was trained here, and an import never replaces a training; give this one another name "
                    f"with --as NAME"
                )
            if os.path.lexists(place) and not force:
                raise ConflictError(
                    f"{place}: another classifier stands there already; give this one another name with --as NAME, or "
                    f"replace it with --force"
                )
            move_in([verified.place], results)
    return verified
