"""Patches that show lesions, cord and background in stated shares, small lesions as often as large ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Self

import cc3d
import numpy as np
import numpy.typing as npt
from nnunetv2.training.dataloading.data_loader import nnUNetDataLoader

from nnunet_ext.core.labels import CORD, Labelling
from nnunet_ext.trainers.seeded_loader import SeededLoader
from nnunet_ext.trainers.spine_plan import SamplingShares

Places = npt.NDArray[np.unsignedinteger[Any]]
"""Voxels as nnU-Net keeps them, a column for the channel, then one for each axis, but in as few bytes as hold them:
they must be widened before anything is taken from them."""

_MOST_PLACES: Final = 10_000  # of a case and class, as nnU-Net keeps
_FEWEST_PLACES: Final = 500
_MOST_BYTES: Final = 64_000_000  # that each worker keeps of places, however many cases there are
_BYTES_A_PLACE: Final = 16  # four columns of two bytes, of lesions and of the cord
_NEIGHBOURS: Final = 26


@dataclass(frozen=True)
class PlaceLabels:
    """Label values that make a place worth a patch.

    Parameters
    ----------
    lesion
        Values of lesions; each connected component is one. Empty where the target has none.
    cord
        Values of the cord, its lesions included.
    """

    lesion: tuple[int, ...]
    cord: tuple[int, ...]

    @classmethod
    def of_dataset_json(cls, content: Mapping[str, Any]) -> Self:
        """Take those of lesions or of a whole tumour, and those of the cord."""
        labelling = Labelling.of_dataset_json(content)
        values, ignore = labelling.values, () if labelling.ignore is None else (labelling.ignore,)
        cord = values.get(CORD, ())
        return cls(values.get("lesion") or values.get("whole") or (), (*cord, *ignore) if cord else ())


@dataclass(frozen=True)
class Drawing:
    """How patches are drawn.

    Parameters
    ----------
    shares
        Of what patches show.
    labels
        Which label values are what.
    smallest_lesion
        Voxels; about what is smaller no patch is drawn.
    weights
        How often a case is drawn, relative to 1; cases that are not named have 1.
    """

    shares: SamplingShares
    labels: PlaceLabels
    smallest_lesion: float = 0.0
    weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass
class PlacedCases:
    """A dataset whose cases come with the places of their lesions and of the cord, found when first loaded.

    Parameters
    ----------
    cases
        nnU-Net's dataset.
    labels
        What to look for.
    smallest_lesion
        In voxels.
    """

    cases: Any
    labels: PlaceLabels
    smallest_lesion: float = 0.0
    _found: dict[str, tuple[list[Places], Places]] = field(default_factory=dict)

    @property
    def identifiers(self) -> Sequence[str]:
        """Names of the cases."""
        names: Sequence[str] = self.cases.identifiers
        return names

    def load_case(self, identifier: str) -> tuple[Any, Any, Any, dict[str, Any]]:
        """Load a case as nnU-Net does, with `lesions` and `cord` among its places."""
        data, seg, previous, properties = self.cases.load_case(identifier)
        if identifier not in self._found:
            most = max(_FEWEST_PLACES, min(_MOST_PLACES, _MOST_BYTES // _BYTES_A_PLACE // len(self.identifiers)))
            self._found[identifier] = find_places(np.asarray(seg[0]), self.labels, self.smallest_lesion, most)
        lesions, cord = self._found[identifier]
        places = {**properties["class_locations"], "lesions": lesions, "cord": cord}
        return data, seg, previous, {**properties, "class_locations": places}


def find_places(
    seg: npt.NDArray[np.integer[Any]], labels: PlaceLabels, smallest_lesion: float = 0.0, most: int = _MOST_PLACES
) -> tuple[list[Places], Places]:
    """Find the voxels of each lesion, and of the cord.

    Parameters
    ----------
    seg
        Label map, shape (i, j, k), -1 outside the image.
    labels
        Which values are what.
    smallest_lesion
        Voxels of a lesion, below which it is passed over.
    most
        Voxels to keep of the cord, and of all lesions together.

    Returns
    -------
    tuple
        For each lesion its voxels, and the cord's voxels, thinned out evenly; empty where there are none.
    """
    lesion = np.isin(seg, labels.lesion)
    components, count = cc3d.connected_components(lesion, connectivity=_NEIGHBOURS, return_N=True)
    voxels = np.argwhere(components)
    of = components[tuple(voxels.T)]
    lesions = [voxels[of == number] for number in range(1, count + 1)]
    lesions = [lesion for lesion in lesions if len(lesion) >= smallest_lesion]
    smallest = np.min_scalar_type(max(seg.shape))
    each = max(1, most // max(1, len(lesions)))
    cord = np.argwhere(np.isin(seg, labels.cord))
    return [_places(lesion, each, smallest) for lesion in lesions], _places(cord, most, smallest)


def _places(voxels: npt.NDArray[np.integer[Any]], most: int, dtype: np.dtype[Any]) -> Places:
    thinned = voxels[:: -(-len(voxels) // most) or 1]
    return np.pad(thinned, ((0, 0), (1, 0))).astype(dtype)


def spine_loader(stock: nnUNetDataLoader, drawing: Drawing) -> "SpineLoader":
    """Make a loader like nnU-Net's that draws patches by shares.

    Parameters
    ----------
    stock
        nnU-Net's.
    drawing
        How patches are drawn.
    """
    loader = SpineLoader.like(stock)
    loader._data = PlacedCases(stock._data, drawing.labels, drawing.smallest_lesion)
    loader.shares = drawing.shares
    drawn = np.array([drawing.weights.get(name, 1.0) for name in loader.indices])
    if drawing.weights and drawn.any():
        loader.sampling_probabilities = drawn / drawn.sum()
    return loader


class SpineLoader(SeededLoader):
    """nnU-Net's loader, but for where its patches lie. Made by `spine_loader`."""

    shares: SamplingShares

    def get_bbox(
        self,
        data_shape: Any,  # noqa: ANN401 - nnU-Net's signature
        force_fg: bool,
        class_locations: Mapping[Any, Any] | None,
        overwrite_class: Any = None,  # noqa: ANN401 - nnU-Net's signature
        verbose: bool = False,
    ) -> tuple[list[int], list[int]]:
        """Draw what the patch is to show, then where it lies; inside the image as far as the image reaches."""
        chosen = self._chosen(class_locations or {})
        if chosen is None:
            first, _ = super().get_bbox(data_shape, False, class_locations, verbose=verbose)
        else:
            first, _ = super().get_bbox(data_shape, True, {"chosen": chosen}, verbose=verbose)
        # nnU-Net lets a patch about a voxel near the far border run off it.
        bounds = zip(first, data_shape, self.need_to_pad, self.patch_size, strict=True)
        first = [min(start, _last_start(int(size), int(pad), int(patch))) for start, size, pad, patch in bounds]
        return first, [start + patch for start, patch in zip(first, self.patch_size, strict=True)]

    def _chosen(self, places: Mapping[Any, Any]) -> npt.NDArray[np.int64] | None:
        """Draw among what the case has: one lesion, whatever its size; the cord; or None for anywhere."""
        lesions, cord = places.get("lesions", []), places.get("cord", ())
        wanted = np.random.uniform()  # noqa: NPY002 - the workers' generator, which batchgenerators seeds
        if wanted < self.shares.lesion and lesions:
            return np.asarray(lesions[np.random.randint(len(lesions))], dtype=np.int64)  # noqa: NPY002 - see above
        if wanted < self.shares.lesion + self.shares.cord and len(cord):
            return np.asarray(cord, dtype=np.int64)  # nnU-Net reckons with them: small numbers would wrap around
        return None


def _last_start(size: int, pad: int, patch: int) -> int:
    """Give the last place where a patch may begin, as nnU-Net reckons it for patches that lie anywhere."""
    pad = max(pad, patch - size)
    return size + pad // 2 + pad % 2 - patch
