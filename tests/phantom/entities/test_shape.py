import numpy as np
import pytest

from nnunet_ext.phantom.entities.case import Case, draw_case
from nnunet_ext.phantom.entities.entity import Entity
from nnunet_ext.phantom.entities.figures import Sign
from nnunet_ext.phantom.entities.growths import ACTIVE
from nnunet_ext.phantom.entities.shape import lesion_volume_ml, shape_case
from nnunet_ext.phantom.spine import build_spine


def first_case(
    entity: Entity, *, enhances: bool, lesions: int, swollen: bool = False
) -> tuple[Case, np.random.Generator]:
    """Draw cases until one is like this."""
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        case = draw_case(entity, rng)
        alike = case.enhances is enhances and len(case.lesions) == lesions
        if alike and (Sign.SWOLLEN in case.signs) is swollen:
            return case, rng
    raise AssertionError("no such case is drawn")


@pytest.mark.parametrize("entity", list(Entity))
@pytest.mark.parametrize("lesions", [1, 2])
def test_lesions_are_grown_to_the_volume_that_was_drawn(entity: Entity, lesions: int) -> None:
    case, rng = first_case(entity, enhances=False, lesions=lesions)
    shape = shape_case(case, rng)
    assert lesion_volume_ml(shape.spine, shape.lesions) == pytest.approx(case.volume_ml, rel=0.02)


def test_the_longest_plaque_is_the_one_that_enhances() -> None:
    case, rng = first_case(Entity.MS, enhances=True, lesions=3)
    shape = shape_case(case, rng)
    (active,) = (blob for blob in shape.lesions if blob.tissue is ACTIVE)
    longest = max(case.lesions, key=lambda span: span.vertebrae)
    upper, lower = (float(end) for end in shape.spine.build.levels_at(np.array(active.extent_mm)))
    assert longest.top < upper < lower < longest.bottom


def test_a_large_tumour_swells_the_cord_and_a_small_plaque_does_not() -> None:
    swelling = {}
    for entity in (Entity.EPENDYMOMA, Entity.MS):
        case, rng = first_case(entity, enhances=False, lesions=1)
        shape = shape_case(case, rng)
        entry = shape.spine.index(np.array(shape.focus_mm))
        healthy = build_spine(shape.spine.build)
        swelling[entity] = shape.spine.cord_half_width[entry] / healthy.cord_half_width[entry]
    assert swelling[Entity.EPENDYMOMA] > 1.2
    assert swelling[Entity.MS] == pytest.approx(1, abs=0.1)
