"""One checksum for all the models that made a score or a mask."""

import hashlib
from collections.abc import Sequence

from nnunet_ext.core.read_checkpoint import TrainedModel


def models_sha256(models: Sequence[TrainedModel]) -> str:
    """Give a checksum of models, in whatever order they are named.

    Parameters
    ----------
    models
        With the folds that are used; the localizer, too, as it decides where is looked.

    Returns
    -------
    str
        Of a single checkpoint the SHA-256 of its file; else that of a sorted list of those of all.
    """
    each = sorted(fold.sha256 for model in models for fold in model.folds)
    return each[0] if len(each) == 1 else hashlib.sha256("\n".join(each).encode()).hexdigest()
