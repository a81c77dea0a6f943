"""What is drawn of a patient before anything is painted."""

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.special import betaincinv, ndtr

from nnunet_ext.phantom.entities.entity import Entity
from nnunet_ext.phantom.entities.figures import ERRS_KIND, ERRS_WITHIN, FIGURES, Figures, Quartiles, Sign
from nnunet_ext.phantom.entities.place import Span, largest_ml, place_lesions, smallest_ml
from nnunet_ext.phantom.entities.region import Region

# Longer lesions are larger, and several plaques are together longer than one.
_LONG_AND_LARGE: Final = {True: 0.75, False: 0.5}  # of tumours, and of demyelination
_LONG_AND_MANY: Final = 0.8
_LARGE_AND_CLEAR: Final = 0.6  # small tumours, and large demyelination, are taken for the other kind

_SHORTEST, _LONGEST = 0.7, 9.0  # vertebrae
_UNEVEN: Final = (0.8, 1.0)
_SPREAD: Final = 0.6  # how far cases are alike: readers disagree on a quarter of them, as the paper's did
_GADOLINIUM: Final = 0.6
_QUARTILE: Final = 0.6745  # standard deviations
_READERS: Final = 3


@dataclass(frozen=True)
class Case:
    """A patient's facts.

    Parameters
    ----------
    entity
        The true diagnosis.
    age, sex
        Years; `F` or `M`.
    region
        Where the lesions lie.
    lesions
        From the uppermost downwards.
    volume_ml
        Of all lesions together.
    enhances, gadolinium
        Whether a lesion would enhance, and whether an image after gadolinium was made.
    signs
        What the image shows.
    doubt_kind, doubt_within
        Chance that a reader takes a tumour for demyelination or the reverse, and one of a kind for the other: how hard
        the case is.
    readers
        What each reader says.
    """

    entity: Entity
    age: int
    sex: Literal["F", "M"]
    region: Region
    lesions: tuple[Span, ...]
    volume_ml: float
    enhances: bool
    gadolinium: bool
    signs: frozenset[Sign]
    doubt_kind: float
    doubt_within: float
    readers: tuple[Entity, ...]

    @property
    def vertebrae(self) -> float:
        """How long the lesions are together, in vertebrae."""
        return sum(span.vertebrae for span in self.lesions)


def draw_case(entity: Entity, rng: np.random.Generator) -> Case:
    """Draw one patient of an entity.

    Ages are gamma and volumes log-normal with the table's mean and standard deviation; lengths have its median and
    quartiles. A case that is hard for readers looks like its sibling: the chance that a reader errs is the chance that
    each sign is drawn with the sibling's share. So neither readers nor networks can be perfect.
    """
    figures = FIGURES[entity]
    long = float(rng.normal())
    vertebrae = _length(figures.vertebrae, long)
    region = _region(figures, vertebrae, rng)
    many = _LONG_AND_MANY if not entity.is_tumour else 0.0
    count = 1 + int(np.searchsorted(np.cumsum(figures.counts)[:-1], ndtr(_tied(long, many, rng))))
    lesions = place_lesions(region, vertebrae, count, rng)
    large, volume_ml = _volume(entity, lesions, long, rng)
    small = -large if entity.is_tumour else large
    doubt_kind = _doubt(ERRS_KIND, float(ndtr(_tied(small, _LARGE_AND_CLEAR, rng))))
    doubt_within = _doubt(ERRS_WITHIN[entity], float(rng.random()))
    return Case(
        entity=entity,
        age=_age(figures, rng),
        sex="F" if rng.random() < figures.women else "M",
        region=region,
        lesions=lesions,
        volume_ml=volume_ml,
        enhances=bool(rng.random() < figures.enhances),
        gadolinium=bool(rng.random() < _GADOLINIUM),
        signs=_signs(entity, doubt_within, rng),
        doubt_kind=doubt_kind,
        doubt_within=doubt_within,
        readers=tuple(_read(entity, doubt_kind, doubt_within, rng) for _ in range(_READERS)),
    )


def _tied(normal: float, correlation: float, rng: np.random.Generator) -> float:
    """Draw a normal number that is correlated with another."""
    return correlation * normal + math.sqrt(1 - correlation**2) * float(rng.normal())


def _length(quartiles: Quartiles, normal: float) -> float:
    """Two halves of log-normal distributions that meet in the median."""
    middle, low, high = quartiles
    spread = math.log(high / middle if normal > 0 else middle / low) / _QUARTILE
    return float(np.clip(middle * math.exp(spread * normal), _SHORTEST, _LONGEST))


def _region(figures: Figures, vertebrae: float, rng: np.random.Generator) -> Region:
    """Draw a region that has room, so that over all lengths each has its share."""
    middle, low, high = figures.vertebrae

    def shorter(longest: float) -> float:
        spread = math.log(high / middle if longest > middle else middle / low) / _QUARTILE
        return float(ndtr(math.log(longest / middle) / spread)) if longest < _LONGEST else 1.0

    weights = {}
    for region, share in figures.regions.items():
        if region.longest < _LONGEST:
            weights[region] = share / shorter(region.longest) if vertebrae <= region.longest else 0.0
    rest = {region: share for region, share in figures.regions.items() if region not in weights}
    left = max(1 - sum(weights.values()), 0.0) / sum(rest.values())
    weights |= {region: share * left for region, share in rest.items()}
    shares = np.array(list(weights.values()))
    return list(weights)[int(rng.choice(len(shares), p=shares / shares.sum()))]


def _volume(entity: Entity, lesions: tuple[Span, ...], long: float, rng: np.random.Generator) -> tuple[float, float]:
    """Draw the volume, as a normal number and in ml; what lesions so long cannot hold is cut off, unevenly."""
    mean, deviation = FIGURES[entity].volume_ml
    variance = math.log(1 + (deviation / mean) ** 2)
    low, high = smallest_ml(lesions, tumour=entity.is_tumour), largest_ml(lesions, tumour=entity.is_tumour)
    large = _tied(long, _LONG_AND_LARGE[entity.is_tumour], rng)
    volume_ml = mean * math.exp(math.sqrt(variance) * large - variance / 2)
    uneven = float(rng.uniform(*_UNEVEN))
    return large, float(np.clip(volume_ml, low / uneven, high * uneven))


def _doubt(mean: float, normal_share: float) -> float:
    return float(betaincinv(mean * _SPREAD, (1 - mean) * _SPREAD, normal_share))


def _age(figures: Figures, rng: np.random.Generator) -> int:
    mean, deviation = figures.age_years
    return int(np.clip(round(rng.gamma((mean / deviation) ** 2, deviation**2 / mean)), 2, 90))


def _signs(entity: Entity, doubt: float, rng: np.random.Generator) -> frozenset[Sign]:
    own, other = FIGURES[entity].signs, FIGURES[entity.sibling].signs
    return frozenset(sign for sign in own if rng.random() < (1 - doubt) * own[sign] + doubt * other[sign])


def _read(entity: Entity, doubt_kind: float, doubt_within: float, rng: np.random.Generator) -> Entity:
    if rng.random() < doubt_kind:
        others = [one for one in Entity if one.is_tumour is not entity.is_tumour]
        return others[int(rng.integers(len(others)))]
    return entity.sibling if rng.random() < doubt_within else entity
