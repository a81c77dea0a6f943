"""A trained model that segments one image after another, in this process."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from nnunet_ext.cascade.box import Box, Margins
from nnunet_ext.cascade.course import held_by
from nnunet_ext.cascade.prediction.cut_box import cut_box, paste_box
from nnunet_ext.cascade.prediction.device import find_device
from nnunet_ext.cascade.prediction.engines import check_engine
from nnunet_ext.cascade.prediction.network import build_networks
from nnunet_ext.cascade.prediction.nnunet_model import NnunetModel
from nnunet_ext.cascade.prediction.opinions import Opinions, OpinionSums, PassKind, no_opinions
from nnunet_ext.cascade.prediction.preprocess import Placement, preprocess
from nnunet_ext.cascade.prediction.quiet import quietly, torch_as_found
from nnunet_ext.cascade.prediction.region_probabilities import FoldSpread, Probabilities, region_probabilities
from nnunet_ext.cascade.prediction.resample_back import needed_box, resample_back
from nnunet_ext.cascade.prediction.segmentation import Segmentation, SegmenterOptions
from nnunet_ext.cascade.prediction.sliding_window import SlidingWindow
from nnunet_ext.core.errors import DataRefusedError, UnsafeModelError, UsageError
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.read_checkpoint import TrainedModel
from nnunet_ext.core.volume import Volume

Values = npt.NDArray[np.generic]


class Segmenter:
    """A `CaseSegmenter`: of the same images the masks that stock nnU-Net would give, voxel for voxel.

    Parameters
    ----------
    model
        Loaded. Its networks are built once, and serve every case.
    options
        How it is run.

    Raises
    ------
    EnvironmentProblemError
        Where the device, the engine or the model's trainer is not there.
    UnsafeModelError
        Where the model's files do not belong together.
    UsageError
        Where the model needs more than NIfTI images, or an option is none.
    """

    def __init__(self, model: TrainedModel, options: SegmenterOptions) -> None:
        if not 0 < options.step <= 1:
            raise UsageError(f"the step of the sliding window must be above 0 and at most 1; found {options.step}")
        device = find_device(options.device)
        check_engine(options.engine, options.device)
        self.name = model.name
        self.crop_margins = _crop_margins(model)
        self._options = options
        self._regions = Labelling.of_model(model.dataset_json)
        self.regions = self._regions.names
        with quietly():
            self._model = NnunetModel.of(model)
            self._window = SlidingWindow(
                patch_size=self._model.patch_size,
                heads=self._model.heads,
                step=options.step,
                mirrored_axes=_mirrored_axes(model, self._model) if options.mirroring else (),
                device=device,
            )
            self._networks = build_networks(model, self._model, options.engine, device)
        several = len(self._networks) > 1
        one_by_one = options.opinions and not several
        self._windows = self._window.views() if one_by_one else (self._window,)
        mirrored = one_by_one and bool(self._window.mirrored_axes)
        self._kind = PassKind.FOLDS if several else PassKind.MIRRORED if mirrored else PassKind.SHIFTED

    def segment(self, images: Sequence[Volume], boxes: Sequence[Box] = ()) -> Segmentation:
        """Segment one case, as `CaseSegmenter` has it.

        A model that was trained on boxed images sees zeros around its box; another one sees the whole image, and only
        what the boxes need is computed.

        Raises
        ------
        DataRefusedError
            Where the images do not fit the model or each other, or the network gives no finite number for them.
        UsageError
            Where a box is empty or reaches out of the image, or there are several for a model that takes one.
        EnvironmentProblemError
            Where the device has too little memory.
        """
        self._refuse_other(images)
        self._refuse_boxes(boxes, images[0].data.shape)
        with quietly(), torch_as_found(self._window.device):
            if boxes and self.crop_margins is not None:
                (box,) = boxes
                cut, inner = cut_box(images, box)
                if any(image.data.any() for image in cut):
                    return paste_box(self._segment(cut, ()), inner, box, images[0].data.shape)
                # Of an image without any voxel but zeros nnU-Net crops nothing.
                images = [replace(image, data=np.zeros_like(image.data)) for image in images]
            found = self._segment(images, boxes)
        if len(boxes) < 2:
            return found
        held = held_by(boxes, images[0].data.shape)
        return found.changed(lambda values: values * held)

    def nothing(self, shape: Sequence[int]) -> Segmentation:
        """Give what is found where there is nothing, as `CaseSegmenter` has it."""

        def empty(dtype: type[np.generic], *, wanted: bool = True) -> dict[str, Any]:
            return {name: np.zeros(shape, dtype, order="F") for name in self.regions if wanted}

        several = self._options.disagreement and len(self._networks) > 1
        probabilities = empty(np.float32, wanted=self._options.probabilities)
        opinions = {name: no_opinions(self._kind, self._passes, tuple(shape)) for name in self.regions}
        told = opinions if self._options.opinions else {}
        return Segmentation(empty(np.bool_), probabilities, empty(np.float32, wanted=several), told)

    @property
    def _passes(self) -> int:
        return len(self._networks) * len(self._windows)

    def _segment(self, images: Sequence[Volume], boxes: Sequence[Box]) -> Segmentation:
        data, placement = preprocess(images, self._model)
        parts = [part for box in boxes or (None,) if (part := placement.find(box)) is not None]
        if not parts:  # in a part of the image that is zero up to its border
            return self.nothing(images[0].data.shape)
        at = reduce(Box.union, parts)
        needed = [needed_box(part, placement, self._model) for part in parts] if boxes else []
        spread = FoldSpread() if self._options.disagreement and len(self._networks) > 1 else None
        sums = OpinionSums(self._kind, self._passes) if self._options.opinions else None
        watching: list[FoldSpread | OpinionSums] = [one for one in (spread, sums) if one is not None]
        mean: torch.Tensor | None = None
        for network, window in itertools.product(self._networks, self._windows):
            logits, covered = window.logits(network, data, needed)
            if watching:
                probabilities = self._probabilities(resample_back(logits, covered, at, placement, self._model))
                for one in watching:
                    one.add(probabilities)
            mean = logits if mean is None else mean.add_(logits)
        del data
        if mean is None or not torch.isfinite(torch.stack(torch.aminmax(mean))).all():  # a NaN is both
            raise DataRefusedError(
                f"{self.name}: gives no finite number for this image (values from {images[0].data.min():g} to "
                f"{images[0].data.max():g}); look at the image, or train the model longer"
            )
        if self._passes > 1:
            mean /= self._passes
        found = resample_back(mean, covered, at, placement, self._model)
        return self._decide(found, spread, {} if sums is None else sums.told(), at, placement)

    def _decide(
        self,
        logits: npt.NDArray[np.floating[Any]] | torch.Tensor,
        spread: FoldSpread | None,
        opinions: Mapping[str, Opinions],
        at: Box,
        placement: Placement,
    ) -> Segmentation:
        place = partial(placement.place, at=at)

        def placed(values: Mapping[str, Any]) -> dict[str, Any]:
            return {name: place(inside) for name, inside in values.items()}

        labels = np.asarray(self._model.labels.convert_logits_to_segmentation(logits))
        return Segmentation(
            masks=placed(self._regions.take(labels)),
            probabilities=placed(self._probabilities(logits)) if self._options.probabilities else {},
            disagreement=placed(spread.deviation()) if spread is not None else {},
            opinions={name: one.changed(place) for name, one in opinions.items()},
        )

    def _probabilities(self, logits: npt.NDArray[np.floating[Any]] | torch.Tensor) -> Probabilities:
        return region_probabilities(logits, self._regions, self._model)

    def _refuse_other(self, images: Sequence[Volume]) -> None:
        shapes = [image.data.shape for image in images]
        if len(images) != self._model.channels:
            content = self._model.dataset_json
            names = ", ".join(map(str, content.get("channel_names", content.get("modality", {})).values()))
            raise DataRefusedError(
                f"{self.name}: {self._model.channels} images were needed for a case ({names}), found {len(images)}"
            )
        if len(set(shapes)) > 1 or len(shapes[0]) != 3 or not math.prod(shapes[0]):
            raise DataRefusedError(
                f"{self.name}: images of three dimensions on one grid were needed, found shapes {shapes}; "
                f"resample one onto the other first"
            )

    def _refuse_boxes(self, boxes: Sequence[Box], shape: Sequence[int]) -> None:
        for box in boxes:
            if not box.voxels or box.common(Box.whole(shape)) != box:
                raise UsageError(f"a box in an image of {tuple(shape)} voxels was needed; found {box}")
        if len(boxes) > 1 and self.crop_margins is not None:
            raise UsageError(f"{self.name} was trained on images with one box: one was needed, found {len(boxes)}")


def _crop_margins(model: TrainedModel) -> Margins | None:
    """Read what `crop-dataset` left in `dataset.json`."""
    crop = model.dataset_json.get("crop")
    if crop is None:
        return None
    margins = crop.get("margins_mm") if isinstance(crop, Mapping) else None
    if not isinstance(margins, Mapping):
        raise UnsafeModelError(f"{model.name}: dataset.json says under crop no margins_mm; found {crop!r:.100}")
    return Margins.from_content({f"pad_{face}": mm for face, mm in margins.items()})


def _mirrored_axes(model: TrainedModel, managed: NnunetModel) -> tuple[int, ...]:
    axes = model.mirroring_axes or ()
    if any(axis >= len(managed.patch_size) for axis in axes):
        raise UnsafeModelError(
            f"{model.name}: its checkpoints mirror axes {axes} of a patch of {managed.patch_size} voxels"
        )
    return axes
