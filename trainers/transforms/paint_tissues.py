"""Images painted from tissue maps at the moment that a patch is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
import torch
from batchgeneratorsv2.transforms.base.basic_transform import BasicTransform

from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.painting.field_of_view import FieldShares
from nnunet_ext.phantom.painting.look import draw_look
from nnunet_ext.phantom.painting.paint import paint
from nnunet_ext.phantom.painting.plainer import Part, plainer
from nnunet_ext.phantom.painting.warp import WarpSize, warped

_SEEDS: Final = 2**31


@dataclass(frozen=True)
class Painting:
    """How a trainer's images are painted; under `painting` in the plans' configuration.

    Parameters
    ----------
    pool
        Voxels of the tissue map in one of the image, by axis.
    margin
        Fine voxels that a piece of the map is larger than the patch, by axis, for shifts and shears.
    contrasts
        Shares of the contrasts.
    shares
        Of patches about lesions, about the cord, and anywhere.
    fields
        What images show.
    warp
        How far bodies are changed.
    without
        What is left out of the images, to see what it is worth.
    """

    pool: tuple[int, int, int]
    margin: tuple[int, int, int]
    contrasts: Mapping[str, float]
    shares: tuple[float, float, float]
    fields: FieldShares = field(default_factory=FieldShares)
    warp: WarpSize = field(default_factory=WarpSize)
    without: frozenset[Part] = frozenset()

    @classmethod
    def of_plans(cls, content: Mapping[str, Any]) -> Self:
        """Read what a configuration says."""
        fields = {**content.get("fields", {})}
        if "margins_mm" in fields:
            fields["margins_mm"] = tuple(fields["margins_mm"])
        return cls(
            pool=tuple(content["pool"]),
            margin=tuple(content["margin"]),
            contrasts=dict(content["contrasts"]),
            shares=tuple(content["shares"]),
            fields=FieldShares(**fields),
            warp=WarpSize(**content.get("warp", {})),
            without=frozenset(map(Part, content.get("without", ()))),
        )

    def fine(self, patch: tuple[int, int, int]) -> tuple[int, int, int]:
        """Size of a patch in voxels of the tissue map."""
        up, front, left = (size * step for size, step in zip(patch, self.pool, strict=True))
        return up, front, left

    def piece(self, patch: tuple[int, int, int]) -> tuple[int, int, int]:
        """Size of the piece of the tissue map that a patch is taken from."""
        up, front, left = (size + more for size, more in zip(self.fine(patch), self.margin, strict=True))
        return up, front, left


class PaintTissues(BasicTransform):  # type: ignore[misc]  # batchgeneratorsv2 ships no annotations
    """Turn a piece of a tissue map into an image of its own contrast, noise and field of view, and its labels.

    Parameters
    ----------
    painting
        How.
    patch
        Voxels of the image.
    spacing
        Of the image, in mm.
    values
        Label of the cord, of lesions (None where the target has none) and of voxels that the loss passes over.
    """

    def __init__(
        self,
        painting: Painting,
        patch: tuple[int, int, int],
        spacing: tuple[float, float, float],
        values: tuple[int, int | None, int],
    ) -> None:
        super().__init__()
        self.painting, self.patch, self.spacing, self.values = painting, patch, spacing, values
        self.contrasts = [(Contrast(name), share) for name, share in painting.contrasts.items()]

    def apply(self, data_dict: dict[str, Any], **params: Any) -> dict[str, Any]:  # noqa: ANN401 - their signature
        """Paint; whatever labels came along are drawn anew, for the body has moved."""
        seed = int(np.random.randint(_SEEDS))  # noqa: NPY002 - the workers' generator, which is seeded
        rng = np.random.default_rng(seed)
        how, tissue = self.painting, data_dict["image"][0].numpy().astype(np.uint8)
        fine_mm = tuple(mm / step for mm, step in zip(self.spacing, how.pool, strict=True))
        body = warped(tissue, how.fine(self.patch), (fine_mm[0], fine_mm[1], fine_mm[2]), how.warp, rng)
        look = plainer(draw_look(rng, self.contrasts), how.without)
        painted = paint(body, how.pool, self.spacing, look, how.fields, rng)
        cord, lesion, unsure = self.values
        labels = np.zeros(self.patch, dtype=np.int16)
        labels[painted.unsure] = unsure
        labels[painted.cord] = cord
        if lesion is not None:
            labels[painted.lesion] = lesion
        data_dict["image"] = torch.from_numpy(painted.image)[None]
        data_dict["segmentation"] = torch.from_numpy(labels)[None]
        return data_dict
