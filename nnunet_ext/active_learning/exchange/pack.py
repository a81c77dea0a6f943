"""A rater's cases as a zip for another site, in which nothing names a patient."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from nnunet_ext.active_learning.exchange.place_cases import reading_order
from nnunet_ext.active_learning.exchange.rater_folder import ExchangeSettings, ImagesAs, write_rater_folder
from nnunet_ext.active_learning.exchange.rename_cases import renamed_cases
from nnunet_ext.active_learning.exchange.sent_masks import read_sent
from nnunet_ext.core.atomic import atomic_path
from nnunet_ext.core.errors import ConflictError
from nnunet_ext.core.leftovers import scratch_folder, sweep
from nnunet_ext.core.plain_zip import write_zip
from nnunet_ext.core.provenance import sha256

TOP: Final = "to_correct"
"""The one folder in the zip."""

_MARK: Final = ".nnunet_ext-pack-"


def pack(to_correct: Path, rater: str, archive: Path, names: Path, settings: ExchangeSettings) -> int:
    """Write the zip. Equal cases give equal bytes.

    People and visits bear pseudonyms, and the table of these stays at home. Of an image's header only the grid and the
    scaling of the voxels are kept, of its name only the contrast, and nothing of its sidecar. No file says when or
    where it was made. The images themselves are as they are: faces, where they show one, and what is burned into them.

    Parameters
    ----------
    to_correct
        As `write_exchange` left it. What raters did in it since is not sent.
    rater
        Whose cases; empty where the one rater has no name.
    archive
        The zip to write.
    names
        The table of pseudonyms; it must not lie where it is sent along.
    settings
        As `write_exchange` was told; images are always copied clean.

    Returns
    -------
    int
        How many cases it holds.

    Raises
    ------
    ConflictError
        Where another file stands under the zip's name.
    UsageError, FileRefusedError
        As `renamed_cases` and `write_rater_folder`.
    """
    cases = reading_order(renamed_cases(to_correct, read_sent(to_correct), rater, names, settings.seed), settings.seed)
    archive.parent.mkdir(parents=True, exist_ok=True)
    sweep(archive.parent, below=False)
    with scratch_folder(archive.parent, _MARK) as staged:
        write_rater_folder(staged / TOP, cases, replace(settings, images=ImagesAs.CLEAN), staged / TOP, {})
        with atomic_path(archive) as temporary:
            write_zip(staged, temporary)
            if archive.exists() and not (archive.is_file() and sha256(archive) == sha256(temporary)):
                raise ConflictError(
                    f"{archive}: exists, and holds something else; choose another name, or move it away"
                )
    return len(cases)
