"""Where corrected masks of a folder go, and what they are called."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.active_learning.exchange.mask_names import mask_stem
from nnunet_ext.cascade.prediction.case_files import NEUROPOLY_FOLDER
from nnunet_ext.core.names import Dialect, image_stem, parse_case
from nnunet_ext.core.raw_dataset import FILE_ENDING
from nnunet_ext.evaluation.mask_files import CaseMaskFiles, is_tree


@dataclass(frozen=True)
class OutputNames:
    """Names the files of corrected masks: as the given ones, and new ones beside these in their dialect.

    Parameters
    ----------
    folder, out
        Of the masks that were given, and of the corrected ones.
    subjects
        Folder of the subjects' folders of masks, relative to both; None where there are no subjects' folders.
    dialect
        Of new masks.
    """

    folder: Path
    out: Path
    subjects: Path | None
    dialect: Dialect

    @classmethod
    def of(cls, folder: Path, out: Path, cases: Sequence[CaseMaskFiles]) -> "OutputNames":
        """Take them from the masks that there are; where there is none, the labs' ways are taken."""
        stems = [image_stem(file.name) or "" for case in cases for _, file in case.regions]
        bids = bool(stems) and all(stem.endswith("_mask") for stem in stems)
        places = (_below_subjects(case.files[0].relative_to(folder)) for case in cases)
        labs = NEUROPOLY_FOLDER if is_tree(folder) else None
        subjects = next((place for place in places if place is not None), labs)
        return cls(folder, out, subjects, Dialect.BIDS if bids else Dialect.NEUROPOLY)

    def of_region(self, case: str, region: str, files: CaseMaskFiles | None, image: Path) -> Path:
        """Name the corrected mask of a region.

        Parameters
        ----------
        case, region
            Which.
        files
            The masks of the case; None where it has none.
        image
            The image of the case.
        """
        given = dict(files.regions) if files is not None else {}
        return self._same(given[region]) if region in given else self._new(case, region, files, image)

    def _same(self, mask: Path) -> Path:
        return self.out / mask.relative_to(self.folder)

    def _new(self, case: str, region: str, files: CaseMaskFiles | None, image: Path) -> Path:
        """Name it beside the case's others, else as the folder of its image."""
        dialect = self.dialect if parse_case(case).suffix else Dialect.NEUROPOLY
        name = f"{mask_stem(case, region, dialect)}{FILE_ENDING}"
        if files is not None:
            return self._same(files.files[0]).with_name(name)
        of_subject = _of_subject(image)
        if self.subjects is not None and of_subject is not None:
            return self.out / self.subjects / of_subject / name
        inside = image.is_relative_to(self.folder)
        return self._same(image).with_name(name) if inside else self.out / name


def _below_subjects(mask: Path) -> Path | None:
    """Give the folders of a mask above that of its subject; None where it lies in none."""
    parts = mask.parts[:-1]
    at = next((at for at, part in enumerate(parts) if part.startswith("sub-")), None)
    return None if at is None else Path(*parts[:at])


def _of_subject(image: Path) -> Path | None:
    """Give the folders of an image from that of its subject on; None where it lies in none."""
    parts = image.parts[:-1]
    at = max((at for at, part in enumerate(parts) if part.startswith("sub-")), default=None)
    return None if at is None else Path(*parts[at:])
