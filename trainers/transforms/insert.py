"""Where our transforms stand among nnU-Net's."""

from collections.abc import Sequence

from batchgeneratorsv2.transforms.base.basic_transform import BasicTransform, SegOnlyTransform
from batchgeneratorsv2.transforms.spatial.spatial import SpatialTransform
from batchgeneratorsv2.transforms.utils.compose import ComposeTransforms
from batchgeneratorsv2.transforms.utils.deep_supervision_downsampling import DownsampleSegForDSTransform
from batchgeneratorsv2.transforms.utils.pseudo2d import Convert2DTo3DTransform
from batchgeneratorsv2.transforms.utils.remove_label import RemoveLabelTransform
from batchgeneratorsv2.transforms.utils.seg_to_regions import ConvertSegmentationToRegionsTransform

from nnunet_ext.core.errors import EnvironmentProblemError
from nnunet_ext.trainers.transforms.channel_dropout import ChannelDropout
from nnunet_ext.trainers.transforms.inject_lesions import InjectLesions


def insert_spine_transforms(pipeline: ComposeTransforms, transforms: Sequence[BasicTransform]) -> ComposeTransforms:
    """Put transforms where they belong in nnU-Net's training pipeline, which is left as it was.

    - Lesions are injected first, while the patch lies as the patient does: the spatial transform then turns and
      stretches them with the rest.
    - What spoils images comes right after the spatial transform and before nnU-Net's own noise; where slices were
      handled one by one in it (dummy 2D), after they are one volume again.
    - Channel dropout comes after all other changes of intensity, before padding becomes background: what is dropped
      must stay exactly zero, and the one-hot labels of nnU-Net's cascade are no channels yet.
    - What changes labels comes last, before they become regions or are made smaller for deep supervision, or at the
      end where neither happens.

    Raises
    ------
    EnvironmentProblemError
        Where the pipeline has no such places: another version of nnU-Net than those that we know.
    """
    if not isinstance(pipeline, ComposeTransforms):
        raise _unknown_pipeline(f"ComposeTransforms was needed, found {type(pipeline).__name__}", pipeline)
    theirs = list(pipeline.transforms)
    spatial = _places(theirs, SpatialTransform)
    padding = _places(theirs, RemoveLabelTransform)
    if not spatial or not padding or padding[-1] < spatial[-1]:
        raise _unknown_pipeline("SpatialTransform and, after it, RemoveLabelTransform were needed", pipeline)
    images = max(spatial + _places(theirs, Convert2DTo3DTransform)) + 1
    last = [*_places(theirs, ConvertSegmentationToRegionsTransform), *_places(theirs, DownsampleSegForDSTransform)]
    labels = min(last, default=len(theirs))
    if labels < images:
        raise _unknown_pipeline("labels were expected to change their form after SpatialTransform", pipeline)
    of_labels = [transform for transform in transforms if isinstance(transform, SegOnlyTransform)]
    dropout = [transform for transform in transforms if isinstance(transform, ChannelDropout)]
    injection = [transform for transform in transforms if isinstance(transform, InjectLesions)]
    of_images = [transform for transform in transforms if transform not in [*of_labels, *dropout, *injection]]
    # From the end, so that earlier places stay where they are.
    for place, ours in ((labels, of_labels), (padding[-1], dropout), (images, of_images), (0, injection)):
        theirs[place:place] = ours
    return ComposeTransforms(theirs)


def _places(transforms: Sequence[BasicTransform], kind: type[BasicTransform]) -> list[int]:
    return [place for place, transform in enumerate(transforms) if isinstance(transform, kind)]


def _unknown_pipeline(reason: str, pipeline: BasicTransform) -> EnvironmentProblemError:
    found = [type(transform).__name__ for transform in getattr(pipeline, "transforms", [])]
    return EnvironmentProblemError(
        f"nnU-Net's training transforms: {reason}; found {found}. nnU-Net 2.8.1 is known to have them; "
        "try: pip install nnunetv2==2.8.1"
    )
