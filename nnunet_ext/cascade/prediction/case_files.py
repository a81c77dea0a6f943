"""Where the outputs of a case stand, and how they are named."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from nnunet_ext.cascade.prediction.read_images import InputCase
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.names import derivative_stem, label_name
from nnunet_ext.core.raw_dataset import FILE_ENDING


class Naming(StrEnum):
    """A way of naming masks."""

    BIDS = "bids"
    """`sub-01/anat/sub-01_label-SC_desc-T2w_mask`, as the BIDS validator takes them."""

    NEUROPOLY = "neuropoly"
    """`derivatives/labels/sub-01/anat/sub-01_T2w_label-SC_seg`, as the labs keep their labels."""

    NNUNET = "nnunet"
    """One label map a case, `CASE.nii.gz`, as nnU-Net's own evaluation reads it."""


NEUROPOLY_FOLDER: Final = Path("derivatives") / "labels"


@dataclass(frozen=True)
class Wanted:
    """Outputs beside the masks: probabilities, disagreement of the folds, centreline."""

    probabilities: bool = False
    disagreement: bool = False
    centreline: bool = False


@dataclass(frozen=True)
class CaseFiles:
    """The files of a case. Masks, or the one label map, and the centreline have a sidecar that ends in `.json`.

    Parameters
    ----------
    masks
        Of each region; empty where there is one label map.
    label_map
        All regions in one; None where each has a mask.
    probabilities, disagreement
        Of each region, with its name; empty where not wanted.
    centreline
        Image of the centreline; its table has the same name and ends in `.csv`. None where not wanted.
    for_ensemble
        What `nnUNetv2_ensemble` reads, in nnU-Net's naming with probabilities: the array and its properties; else none.
    """

    masks: tuple[tuple[str, Path], ...]
    label_map: Path | None
    probabilities: tuple[tuple[str, Path], ...]
    disagreement: tuple[tuple[str, Path], ...]
    centreline: Path | None
    for_ensemble: tuple[Path, ...] = ()

    @property
    def segmentations(self) -> tuple[Path, ...]:
        """The masks, or the one label map."""
        return (self.label_map,) if self.label_map is not None else tuple(file for _, file in self.masks)

    @property
    def outputs(self) -> tuple[Path, ...]:
        """Everything but the sidecars."""
        others = (file for _, file in (*self.probabilities, *self.disagreement))
        line = (file for file in (self.centreline, self.centreline_table) if file is not None)
        return (*self.segmentations, *others, *line, *self.for_ensemble)

    @property
    def journal(self) -> Path:
        """What tells a run that was killed while it wrote the case from the work of a person; gone when it is done."""
        first = self.segmentations[0]
        return first.with_name(f".{first.name}.journal")

    @property
    def sidecars(self) -> tuple[Path, ...]:
        """The sidecar of each segmentation, then that of the centreline."""
        described = self.segmentations if self.centreline is None else (*self.segmentations, self.centreline)
        return tuple(sidecar_of(file) for file in described)

    @property
    def centreline_table(self) -> Path | None:
        """The centreline's points."""
        return None if self.centreline is None else with_ending(self.centreline, ".csv")


def name_files(out: Path, case: InputCase, naming: Naming, regions: Sequence[str], wanted: Wanted) -> CaseFiles:
    """Name all files of a case.

    Raises
    ------
    DataRefusedError
        Where two regions would get one name.
    """
    if len({label_name(region).lower() for region in regions}) < len(regions):
        raise DataRefusedError(f"regions that differ in letters and digits were needed for file names: {list(regions)}")

    def each(kind: str) -> tuple[tuple[str, Path], ...]:
        return tuple((region, _file(out, case, naming, region, kind)) for region in regions)

    whole, label_map = naming is Naming.NNUNET, out / f"{case.name}{FILE_ENDING}"
    arrays = tuple(with_ending(label_map, ending) for ending in (".npz", ".pkl"))
    return CaseFiles(
        masks=() if whole else each("mask"),
        label_map=label_map if whole else None,
        for_ensemble=arrays if whole and wanted.probabilities else (),
        probabilities=each("probseg") if wanted.probabilities else (),
        disagreement=each("disagreement") if wanted.disagreement else (),
        centreline=_file(out, case, naming, "centerline", "mask") if wanted.centreline else None,
    )


def output_stem(case: str, region: str, naming: Naming, kind: str, *, bids: bool) -> str:
    """Name one output of a case, without folder and ending; cord and lesion as `core.names` names them.

    Parameters
    ----------
    case
        The image's stem, or nnU-Net's identifier.
    region
        Of the model, or `centerline`.
    kind
        The last part: `mask`, `probseg`, `disagreement`, `centerline`.
    bids
        Whether the case's name ends with a contrast.

    Examples
    --------
    >>> output_stem("sub-01_T2w", "sc", Naming.BIDS, "mask", bids=True)
    'sub-01_label-SC_desc-T2w_mask'
    >>> output_stem("sub-01_T2w", "whole", Naming.NEUROPOLY, "mask", bids=True)
    'sub-01_T2w_label-tumor_seg'
    """
    label = f"label-{label_name(region)}"
    if naming is Naming.BIDS and bids:
        return derivative_stem(case, label, kind)
    return f"{case}_{label}_{'seg' if naming is Naming.NEUROPOLY and kind == 'mask' else kind}"


def sidecar_of(file: Path) -> Path:
    """Name the sidecar of an image."""
    return with_ending(file, ".json")


def with_ending(file: Path, ending: str) -> Path:
    """Give an image's path another ending."""
    return file.with_name(file.name.removesuffix(FILE_ENDING) + ending)


def _file(out: Path, case: InputCase, naming: Naming, region: str, kind: str) -> Path:
    name = output_stem(case.name, region, naming, kind, bids=case.is_bids) + FILE_ENDING
    if naming is Naming.NNUNET:  # its evaluation takes every image beside the label maps for one more of them
        return out / ("centerline" if region == "centerline" else kind) / name
    return out / (NEUROPOLY_FOLDER if naming is Naming.NEUROPOLY else "") / case.folder / name
