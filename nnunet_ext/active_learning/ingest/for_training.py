"""What of a round training is to see: for each case the masks that count."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.active_learning.ingest.words import CONSENSUS_RATER, KEPT
from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.slices import Slices, read_slices_cell
from nnunet_ext.core.tables import Row, filled
from nnunet_ext.core.target import Target
from nnunet_ext.dataset_conversion.planned_case import PlannedLabel


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

    def labels(self, target: Target, root: Path) -> tuple[PlannedLabel, ...]:
        """Say of each class of the target what the converter is to know of it.

        Parameters
        ----------
        target
            Of the dataset.
        root
            A folder that holds the masks; their paths below it are recorded.

        Raises
        ------
        FileRefusedError
            Where a mask is not the one that was taken in.
        """
        return tuple(self._label(name, root) for name, _ in target.classes)

    def _label(self, name: str, root: Path) -> PlannedLabel:
        if name not in self.masks:
            return PlannedLabel(name)
        path, digest = self.masks[name]
        if not path.is_file() or sha256(path) != digest:
            raise FileRefusedError(path, "it changed since it was taken in; run: nnunet_ext active ingest")
        file = path.relative_to(root).as_posix()
        return PlannedLabel(name, (("", file),), root=root, slices=self.slices.get(name))


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
