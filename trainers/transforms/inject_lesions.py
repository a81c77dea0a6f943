"""Lesions in patches that show a cord without any."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from batchgeneratorsv2.transforms.base.basic_transform import BasicTransform

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Affine, Array
from nnunet_ext.phantom.injection.inject_lesions import Injected, inject_lesions
from nnunet_ext.phantom.lesions import Pathology

_SPREAD: Final = (0.3, 0.8)  # voxels: as that of real images was measured, but drawn, which costs nothing
_SAMPLES_MM: Final = 0.8
_SHORTEST_MM: Final = 12.0  # of cord: in less, no lesion looks like one
_SEEDS: Final = 2**31


class InjectLesions(BasicTransform):  # type: ignore[misc]  # batchgeneratorsv2 ships no annotations
    """Put synthetic lesions into a cord that has none (see `nnunet_ext.phantom.injection`), and into its label.

    Brightness is measured in the patch itself, so that nnU-Net's normalisation does not matter; each channel shows the
    same lesions in its own contrast. A patch that shows any lesion, no cord, or a voxel that nobody annotated stays as
    it is: there a lesion may be already. So do patches whose cord cannot be told from its surroundings.

    It works on patches that lie as the patient does: before they are rotated, on label values in the first channel.

    Parameters
    ----------
    lesion, inside, ignore
        Label values: of the lesion, of the cord around it, and of voxels that nobody annotated, None where there is
        no such value.
    affine
        4 x 4, from the patch's voxels to millimetres to the right, front and top.
    channels
        Those that are images.
    kinds
        Diseases, one of which is drawn.
    probability
        How often a patch that may get lesions gets them.
    """

    def __init__(
        self,
        lesion: int,
        inside: int,
        ignore: int | None,
        affine: Affine,
        *,
        channels: Sequence[int],
        kinds: Sequence[str],
        probability: float,
    ) -> None:
        super().__init__()
        self.lesion = lesion
        self.inside = inside
        self.ignore = ignore
        self.affine = affine
        self.channels = list(channels)
        self.kinds = [Pathology(kind) for kind in kinds]
        self.probability = probability

    def get_parameters(self, **_data_dict: Any) -> dict[str, Any]:  # noqa: ANN401 - batchgeneratorsv2's signature
        """Draw whether there are lesions, and all that they follow from."""
        wanted, spread = torch.rand(2).tolist()
        kind, seed = int(torch.randint(len(self.kinds), ())), int(torch.randint(_SEEDS, ()))
        voxels = _SPREAD[0] + (_SPREAD[1] - _SPREAD[0]) * spread
        return {"wanted": wanted < self.probability, "kind": self.kinds[kind], "seed": seed, "spread": (voxels,) * 3}

    def apply(self, data_dict: dict[str, Any], **params: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        """Change image and label alike, or neither."""
        labels = data_dict["segmentation"][0].numpy()
        if not params["wanted"] or not self._is_free(labels):
            return data_dict
        seen = _seen(labels)
        cord = labels[seen] == self.inside
        if self._too_short(cord):
            return data_dict
        image = data_dict["image"].numpy()
        made = {channel: made for channel in self.channels
                if (made := self._inject(image[channel][seen], cord, params)) is not None}  # fmt: skip
        for channel, injected in made.items():
            image[channel][seen] = injected.image
            labels[seen][injected.lesion > 0] = self.lesion
        return data_dict

    def _is_free(self, labels: Array) -> bool:
        """Tell whether the patch shows a cord, all of it annotated, and no lesion."""
        unwanted = [value for value in (self.lesion, self.ignore) if value is not None]
        return bool((labels == self.inside).any()) and not any((labels == value).any() for value in unwanted)

    def _too_short(self, cord: Array) -> bool:
        heights = np.abs(self.affine[2, :3])
        upright = int(heights.argmax())
        slices = cord.any(axis=tuple(axis for axis in range(3) if axis != upright))
        return float(np.count_nonzero(slices) * heights[upright]) < _SHORTEST_MM

    def _inject(self, image: Array, cord: Array, params: dict[str, Any]) -> Injected | None:
        drawn = params["kind"], params["seed"]
        try:
            return inject_lesions(image, cord, self.affine, *drawn, spread=params["spread"], fine_mm=_SAMPLES_MM)
        except DataRefusedError:  # nobody could see a lesion there either
            return None


def _seen(labels: Array) -> tuple[slice, ...]:
    """Cut out what is no padding, which has the label -1."""
    inside = labels >= 0
    if inside.all():
        return (slice(None),) * labels.ndim
    sides = []
    for axis in range(labels.ndim):
        there = np.flatnonzero(inside.any(axis=tuple(other for other in range(labels.ndim) if other != axis)))
        sides.append(slice(int(there[0]), int(there[-1]) + 1))
    return tuple(sides)
