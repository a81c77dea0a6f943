"""One patient with one of the entities: a pure function of seed and number."""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.entities.case import Case, draw_case
from nnunet_ext.phantom.entities.entity import Entity
from nnunet_ext.phantom.entities.growths import ACTIVE
from nnunet_ext.phantom.entities.shape import shape_case
from nnunet_ext.phantom.entities.sites import AT_FIRST
from nnunet_ext.phantom.lesions import Pathology
from nnunet_ext.phantom.patient import Patient
from nnunet_ext.phantom.site import Site
from nnunet_ext.phantom.tissues import Tissue

_ORDER, _CASE, _SHAPE = range(3)  # streams of chance
_MARGIN_MM: Final = 30.0  # above and below the lesions: fields of view are not centred to the millimetre
_STREAM: Final = zlib.crc32(b"entities")


@dataclass(frozen=True)
class Person:
    """Who a patient is, before any anatomy is drawn.

    Parameters
    ----------
    number
        From 1; four in a row are of the four entities, in an order by chance.
    site
        Who scans.
    case
        Facts.
    """

    number: int
    site: Site
    case: Case

    @property
    def participant_id(self) -> str:
        """BIDS name, such as `sub-enta001`."""
        return f"sub-{self.site.code}{self.number:03d}"


def draw_person(number: int, seed: int, sites: Sequence[Site]) -> Person:
    """Draw a patient's facts; no other patient has a say in them.

    Parameters
    ----------
    number
        From 1.
    seed
        Not negative.
    sites
        Two: the first one sees `AT_FIRST` of each entity, and each of them sees all entities.
    """
    of_entity, place = divmod(number - 1, len(Entity))
    entities = list(Entity)
    entity = entities[int(_rng(seed, of_entity, _ORDER).permutation(len(entities))[place])]
    # In turns, so that few patients are shared out as many are.
    turn = of_entity + (entities.index(entity) + 1) / (len(entities) + 1)
    at_first = math.floor((turn + 1) * AT_FIRST[entity]) > math.floor(turn * AT_FIRST[entity])
    return Person(number, sites[0 if at_first else 1], draw_case(entity, _rng(seed, number, _CASE)))


def draw_entity_patient(person: Person, seed: int) -> Patient:
    """Draw the anatomy around a person's lesions; the field of view shows all of them."""
    case, site = person.case, person.site
    shape = shape_case(case, _rng(seed, person.number, _SHAPE))
    build = shape.spine.build
    long_mm = build.arc_at(case.lesions[-1].bottom) - build.arc_at(case.lesions[0].top)
    least = math.ceil((long_mm + 2 * _MARGIN_MM) / site.in_plane_mm[0])
    right, front, (low, high) = site.matrix
    contrasts = tuple(one for one in site.contrasts if case.gadolinium or one is not Contrast.T1W_GADOLINIUM)
    return Patient(
        site=replace(site, contrasts=contrasts, matrix=(right, front, (max(low, least), max(high, least)))),
        number=person.number,
        seed=seed,
        age=case.age,
        sex=case.sex,
        pathology=Pathology.TUMOUR if case.entity.is_tumour else Pathology.MS,
        focus_mm=shape.focus_mm,
        spine=shape.spine,
        lesions=shape.lesions,
        looks_like=_looks_like(case),
    )


def _looks_like(case: Case) -> tuple[tuple[Contrast, Tissue, Tissue], ...]:
    if not case.entity.is_tumour:
        return (Contrast.T2W, ACTIVE, Tissue.PLAQUE), (Contrast.T1W_GADOLINIUM, ACTIVE, Tissue.TUMOUR_CORE)
    return () if case.enhances else ((Contrast.T1W_GADOLINIUM, Tissue.TUMOUR_CORE, Tissue.OEDEMA),)


def _rng(seed: int, number: int, stage: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, _STREAM, number], spawn_key=(stage,)))
