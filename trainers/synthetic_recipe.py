"""The recipes of the shipped models: what each is trained on, and for how long."""

from dataclasses import dataclass, field, replace
from typing import Final

from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.lesions import Pathology
from nnunet_ext.phantom.painting.field_of_view import FieldShares
from nnunet_ext.phantom.painting.warp import WarpSize

Triple = tuple[int, int, int]
Spacing = tuple[float, float, float]

_ANY_CONTRAST: Final = (
    (Contrast.T2W, 0.32),
    (Contrast.T1W, 0.23),
    (Contrast.T2STARW, 0.21),
    (Contrast.T1W_GADOLINIUM, 0.04),
    (Contrast.RANDOM, 0.2),
)
_PATIENTS: Final = (
    (Pathology.HEALTHY, 0.4),
    (Pathology.COMPRESSION, 0.25),
    (Pathology.SCI, 0.15),
    (Pathology.MS, 0.1),
    (Pathology.TUMOUR, 0.1),
)


@dataclass(frozen=True)
class Recipe:
    """How one model is made.

    Parameters
    ----------
    name
        Of the model.
    number
        Of its dataset.
    target
        What it segments.
    spacing
        In mm upwards, forwards, leftwards, as are the triples below.
    patch
        Voxels that the network sees at once.
    pool
        Voxels of a tissue map in one of the image.
    map_shape
        Voxels of a tissue map.
    margin
        Voxels of a tissue map that a piece is larger than a patch.
    pathologies, contrasts
        Each with its share.
    cordless
        Share of the tissue maps that show no cord: those of a model that must say so.
    shares
        Of patches about lesions, about the cord, and anywhere.
    fields, warp
        What images show, and how far bodies are changed.
    box_mm
        How far beyond the cord reaches what a trained model is given, in every direction; 0 for the whole image.
    mirror
        Whether prediction takes the mean over the image and its mirror image, in twice the time: on real images that
        added nothing to the mean over two networks.
    maps
        How many tissue maps.
    folds
        As nnU-Net names them: each is a network of its own, and prediction takes their mean. `all` has seen all maps,
        the others four fifths of them each.
    epochs
        Of each network, of `STEPS` steps each.
    """

    name: str
    number: int
    target: str
    spacing: Spacing
    patch: Triple
    pool: Triple
    map_shape: Triple
    margin: Triple
    pathologies: tuple[tuple[Pathology, float], ...]
    contrasts: tuple[tuple[Contrast, float], ...]
    shares: tuple[float, float, float]
    cordless: float = 0.0
    fields: FieldShares = field(default_factory=FieldShares)
    warp: WarpSize = field(default_factory=WarpSize)
    box_mm: float = 20.0
    mirror: bool = False
    maps: int = 240
    folds: tuple[str, ...] = ("0", "1")
    epochs: int = 30

    @property
    def dataset_name(self) -> str:
        """Name the dataset as nnU-Net wants it."""
        return f"Dataset{self.number}_Synthetic{self.name.title().replace('-', '')}"

    @property
    def map_spacing(self) -> Spacing:
        """Of the tissue maps, in mm."""
        up, front, left = (mm / step for mm, step in zip(self.spacing, self.pool, strict=True))
        return up, front, left


FEATURES: Final = (16, 32, 64, 128)
STEPS: Final = 50
BATCH: Final = 2
LEARNING_RATE: Final = 2e-3

_CORD: Final = Recipe(
    name="cord",
    number=912,
    target="cord",
    spacing=(2.0, 1.0, 1.0),
    patch=(48, 64, 64),
    pool=(1, 2, 2),
    map_shape=(112, 216, 192),
    margin=(8, 40, 40),
    pathologies=_PATIENTS,
    contrasts=_ANY_CONTRAST,
    shares=(0.0, 0.9, 0.1),
)

RECIPES: Final = (
    replace(
        _CORD,
        name="cord-localizer",
        number=911,
        spacing=(3.0, 2.0, 2.0),
        patch=(48, 80, 64),
        map_shape=(120, 240, 216),
        cordless=0.2,
        shares=(0.0, 0.6, 0.4),
        fields=FieldShares(box=0.4, short=0.3, beside=0.1, margins_mm=(8.0, 70.0)),
        warp=WarpSize(bend_mm=2.5),
        box_mm=0.0,
        folds=("all",),
        epochs=60,
    ),
    _CORD,
    replace(
        _CORD,
        name="cord-lesion",
        number=913,
        target="cord-lesion",
        pathologies=(
            (Pathology.HEALTHY, 0.2),
            (Pathology.COMPRESSION, 0.1),
            (Pathology.SCI, 0.3),
            (Pathology.MS, 0.3),
            (Pathology.TUMOUR, 0.1),
        ),
        contrasts=((Contrast.T2W, 0.6), (Contrast.T2STARW, 0.4)),
        shares=(0.5, 0.45, 0.05),
        epochs=50,
    ),
)
"""In the order in which they are used."""
