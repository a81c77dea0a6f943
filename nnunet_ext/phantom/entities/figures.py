"""What the four entities look like, in figures.

The table is that of the training cohort of Zhuo et al. 2022 (automated classification of intramedullary spinal cord
tumors and inflammatory demyelinating lesions using deep learning). What tells the two of a kind apart on an image, the
signs, is common teaching; their shares are ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from nnunet_ext.phantom.entities.entity import Entity
from nnunet_ext.phantom.entities.region import Region


class Sign(StrEnum):
    """What an image shows, or does not."""

    CENTRAL = "central"
    """In the middle of the section; else eccentric, and with plaques at the rim, at the sides and behind."""
    SHARP = "sharp"
    """Smooth and clearly bounded; else the border wanders, and oedema surrounds it."""
    POLAR_CYSTS = "polar cysts"
    CAP = "haemorrhagic cap"
    LONG_OEDEMA = "long oedema"
    SWOLLEN = "swollen"
    BRIGHT_SPOTS = "bright spots"


Quartiles = tuple[float, float, float]
"""Median, and the lower and the upper quartile."""


@dataclass(frozen=True)
class Figures:
    """One column of the table.

    Parameters
    ----------
    women, enhances
        Shares of the patients.
    age_years, volume_ml
        Mean and standard deviation.
    regions
        Shares of the patients; they need not add up to one.
    counts
        Shares of the patients with 1, 2, 3 ... lesions: their median and quartiles are the table's.
    vertebrae
        How many vertebrae the lesions are long, all together.
    signs
        Shares of the patients who are typical.
    """

    women: float
    age_years: tuple[float, float]
    regions: Mapping[Region, float]
    counts: tuple[float, ...]
    vertebrae: Quartiles
    volume_ml: tuple[float, float]
    enhances: float
    signs: Mapping[Sign, float]


FIGURES: Final[Mapping[Entity, Figures]] = MappingProxyType(
    {
        Entity.ASTROCYTOMA: Figures(
            women=0.37,
            age_years=(31.5, 16.5),
            regions={
                Region.CERVICAL: 0.35,
                Region.CERVICAL_THORACIC: 0.16,
                Region.THORACIC: 0.33,
                Region.THORACIC_LUMBAR: 0.15,
                Region.LUMBAR: 0.01,
            },
            counts=(0.93, 0.05, 0.02),
            vertebrae=(4, 3, 6),
            volume_ml=(12.6, 10.8),
            enhances=0.76,
            signs={
                Sign.CENTRAL: 0.35,
                Sign.SHARP: 0.25,
                Sign.POLAR_CYSTS: 0.15,
                Sign.CAP: 0.05,
                Sign.LONG_OEDEMA: 0.65,
            },
        ),
        Entity.EPENDYMOMA: Figures(
            women=0.46,
            age_years=(42.7, 12.6),
            regions={
                Region.CERVICAL: 0.65,
                Region.CERVICAL_THORACIC: 0.01,
                Region.THORACIC: 0.19,
                Region.LUMBAR: 0.14,
            },
            counts=(0.93, 0.05, 0.02),
            vertebrae=(3, 2, 4),
            volume_ml=(15.1, 11.7),
            enhances=0.72,
            signs={
                Sign.CENTRAL: 0.85,
                Sign.SHARP: 0.8,
                Sign.POLAR_CYSTS: 0.6,
                Sign.CAP: 0.35,
                Sign.LONG_OEDEMA: 0.3,
            },
        ),
        Entity.MS: Figures(
            women=0.73,
            age_years=(34.9, 12.2),
            regions={
                Region.OBLONGATA_CERVICAL: 0.07,
                Region.CERVICAL: 0.75,
                Region.CERVICAL_THORACIC: 0.14,
                Region.THORACIC: 0.04,
            },
            counts=(0.36, 0.26, 0.22, 0.1, 0.06),
            vertebrae=(3, 2, 5),
            volume_ml=(1.3, 1.6),
            enhances=0.13,
            signs={Sign.CENTRAL: 0.15, Sign.SWOLLEN: 0.1, Sign.BRIGHT_SPOTS: 0.05},
        ),
        Entity.NMOSD: Figures(
            women=0.83,
            age_years=(39.2, 14.7),
            regions={
                Region.CERVICAL: 0.66,
                Region.CERVICAL_THORACIC: 0.17,
                Region.THORACIC: 0.15,
                Region.THORACIC_LUMBAR: 0.02,
            },
            counts=(0.62, 0.24, 0.1, 0.04),
            vertebrae=(4, 2, 5.6),
            volume_ml=(3.0, 3.0),
            enhances=0.16,
            signs={Sign.CENTRAL: 0.75, Sign.SWOLLEN: 0.5, Sign.BRIGHT_SPOTS: 0.4},
        ),
    }
)
"""The table's columns."""

ERRS_KIND: Final = 0.03
"""How often a reader takes a tumour for demyelination, or the other way round."""

ERRS_WITHIN: Final[Mapping[Entity, float]] = MappingProxyType(
    {Entity.ASTROCYTOMA: 0.28, Entity.EPENDYMOMA: 0.28, Entity.MS: 0.33, Entity.NMOSD: 0.33}
)
"""How often a reader takes one entity for the other one of its kind."""
