"""A case that was opened: its image and what was given to be corrected."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnunet_ext.active_learning.ingest.read_case import CaseMask, Entries, read_case_mask, read_image
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.tables import NOTHING
from nnunet_ext.core.volume import Volume
from nnunet_ext.correction.desk import Desk
from nnunet_ext.correction.desk_case import DeskCase
from nnunet_ext.correction.runs import MOST_RUNS, Runs, mask_of, runs_of


@dataclass(frozen=True, eq=False)
class GivenLayer:
    """A mask as it was given, small enough to keep.

    Parameters
    ----------
    runs
        Of its voxels.
    path, sha256, notes, made_by
        See `CaseMask`; without a path where none was given.
    """

    runs: Runs
    path: Path | None = None
    sha256: str = ""
    notes: tuple[str, ...] = ()
    made_by: Entries = ()

    def mask(self, shape: tuple[int, ...]) -> CaseMask:
        """Give it as an array."""
        return CaseMask(mask_of(self.runs, shape), self.path, self.sha256, self.notes, self.made_by)


@dataclass(frozen=True, eq=False)
class OpenCase:
    """A case with its image.

    Parameters
    ----------
    case
        Which.
    image
        The first channel, in the axes of its file.
    given
        For each region that can be drawn the mask as it was given; empty where none was.
    """

    case: DeskCase
    image: Volume
    given: Mapping[str, GivenLayer]

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along each axis of the image's file."""
        return tuple(map(int, self.image.data.shape))

    @property
    def voxels(self) -> int:
        """All of them."""
        return int(self.image.data.size)

    @property
    def regions(self) -> tuple[str, ...]:
        """Those that can be drawn, outermost first."""
        return tuple(self.given)

    def standing(self) -> tuple[dict[str, Runs], tuple[str, ...]]:
        """Give the masks that stand where corrected ones go, else those that were given, and what could not be read."""
        masks, told = {region: layer.runs for region, layer in self.given.items()}, []
        for region in self.regions:
            path = self.case.output[region]
            if path.is_file():
                try:
                    masks[region] = _runs(path, read_case_mask(path, self.image))
                except FileRefusedError as error:
                    told.append(f"{region}: {path.name}: {error.reason}; the mask as it was given is shown")
        return masks, tuple(told)


def open_case(desk: Desk, case: DeskCase) -> OpenCase:
    """Read a case.

    Raises
    ------
    FileRefusedError
        By name, where its image or a mask that was given is damaged, or does not lie on the image's grid.
    """
    image = read_image([case.image], case.image_sha256 or NOTHING)
    return OpenCase(case, image, {region: _given(case, region, image) for region in desk.layers(case)})


def about_image(opened: OpenCase) -> dict[str, Any]:
    """Say where the voxels of a case lie, as JSON."""
    image = opened.image
    return {
        "shape": list(opened.shape),
        "spacing": list(image.spacing),
        "affine": image.affine.tolist(),
        "orientation": image.axes,
    }


def _given(case: DeskCase, region: str, image: Volume) -> GivenLayer:
    if region not in case.masks:
        return GivenLayer(np.zeros((0, 2), dtype=np.int64))
    path = case.masks[region]
    mask = read_case_mask(path, image)
    return GivenLayer(_runs(path, mask), mask.path, mask.sha256, mask.notes, mask.made_by)


def _runs(path: Path, mask: CaseMask) -> Runs:
    runs = runs_of(mask.data)
    if len(runs) > MOST_RUNS:
        raise FileRefusedError(path, f"a mask of at most {MOST_RUNS} runs of voxels was needed, found {len(runs)}")
    return runs
