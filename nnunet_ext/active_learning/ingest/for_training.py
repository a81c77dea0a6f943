"""What of a round training is to see: for each case the masks that count, and the label map that they make."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.active_learning.ingest.consensus import CONSENSUS_RATER
from nnunet_ext.active_learning.ingest.slices import Slices, read_slices_cell
from nnunet_ext.active_learning.ingest.training_labels import not_annotated, training_labels
from nnunet_ext.active_learning.ingest.words import KEPT
from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.grid import SAME_GRID, lies_on
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.tables import Row, filled
from nnunet_ext.core.target import Target
from nnunet_ext.core.volume import Volume


@dataclass(frozen=True)
class TrainingCase:
    """A case that was taken in.

    Parameters
    ----------
    case
        As the query names it.
    masks
        For each corrected region its verified mask, and the hash that it was taken in with.
    slices
        For each of these the slices that were looked at; None for all.
    """

    case: str
    masks: Mapping[str, tuple[Path, str]]
    slices: Mapping[str, Slices | None]

    def labels(self, target: Target) -> Volume:
        """Draw the label map that training is to see, see `training_labels`, on the grid of the case's image.

        Raises
        ------
        FileRefusedError
            Where a mask is not the one that was taken in.
        """
        read = {}
        for region, (path, digest) in self.masks.items():
            read[region] = read_mask(path)
            if read[region].sha256 != digest:
                raise FileRefusedError(path, "it changed since it was taken in; run: nnunet_ext active ingest")
        first = next(iter(read.values()))
        if not all(lies_on(mask, first, SAME_GRID) for mask in read.values()):
            raise DataRefusedError(f"{self.case}: masks on one grid were needed; run: nnunet_ext active ingest")
        data = training_labels(target, {region: mask.data for region, mask in read.items()}, self.slices)
        return Volume(data, first.affine, forms=first.forms)

    def not_annotated(self, target: Target) -> tuple[str, ...]:
        """Name the classes for column `not_annotated` of `cases.tsv`."""
        return not_annotated(target, self.slices)


def for_training(rows: Iterable[Row], verified: Path) -> list[TrainingCase]:
    """List the cases that training sees: accepted or edited, by the one rater or in the consensus of several.

    Parameters
    ----------
    rows
        Of `ingest.tsv`.
    verified
        Folder of the verified masks.
    """
    counting: dict[str, Row] = {}
    for row in rows:
        if row["case"] not in counting or row["rater"] == CONSENSUS_RATER:
            counting[row["case"]] = row
    return [_case(row, verified) for row in counting.values() if row["action"] in KEPT]


def _case(row: Row, verified: Path) -> TrainingCase:
    regions, files, digests = (split_list(row[column]) for column in ("regions", "mask", "mask_sha256"))
    masks = {region: (verified / file, digest) for region, file, digest in zip(regions, files, digests, strict=True)}
    return TrainingCase(row["case"], masks, read_slices_cell(filled(row, "slices"), regions))
