"""Whether a training injects lesions: from settings and labels to the transform."""

from nnunet_ext.core.labels import CORD, Labelling
from nnunet_ext.core.volume import Affine
from nnunet_ext.trainers.transforms.augmentation import SpineAugmentation
from nnunet_ext.trainers.transforms.inject_lesions import InjectLesions

_LESION = "lesion"


def lesion_injection(settings: SpineAugmentation, labelling: Labelling, affine: Affine | None) -> list[InjectLesions]:
    """Make the transform that puts lesions into cords without any; none where there is nothing to put in.

    Parameters
    ----------
    settings
        How often, and of what kinds.
    labelling
        Of the dataset: a cord, with a lesion of one value within it, is needed.
    affine
        4 x 4, from the patch's voxels to millimetres to the right, front and top; None of a 2D patch.
    """
    lesion = labelling.values.get(_LESION, ())
    cord = [value for value in labelling.values.get(CORD, ()) if value not in (*lesion, labelling.ignore)]
    if settings.inject_lesion_probability == 0 or affine is None or len(lesion) != 1 or len(cord) != 1:
        return []
    channels = labelling.image_channels or (0,)
    return [
        InjectLesions(
            lesion[0],
            cord[0],
            labelling.ignore,
            affine,
            channels=channels,
            kinds=settings.inject_lesion_kinds,
            probability=settings.inject_lesion_probability,
        )
    ]
