import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.phantom.lesions import Blob, Pathology, draw_deformations, draw_lesions, grown
from nnunet_ext.phantom.spine import draw_build
from nnunet_ext.phantom.tissues import Tissue
from tests.strategies import SEEDS


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("pathology", [Pathology.HEALTHY, Pathology.COMPRESSION])
def test_healthy_and_merely_compressed_cords_have_no_lesion(pathology: Pathology) -> None:
    assert draw_lesions(pathology, 80.0, rng_of(0)) == ()


@given(SEEDS)
def test_sclerosis_has_two_to_eight_plaques_within_reach_of_the_focus(seed: int) -> None:
    plaques = draw_lesions(Pathology.MS, 80.0, rng_of(seed))
    assert 2 <= len(plaques) <= 8
    assert {plaque.tissue for plaque in plaques} == {Tissue.PLAQUE}
    assert all(abs(plaque.centre[0] - 80) <= 45 for plaque in plaques)


def test_plaques_keep_mostly_to_the_sides_and_the_back() -> None:
    plaques = [plaque for seed in range(50) for plaque in draw_lesions(Pathology.MS, 80.0, rng_of(seed))]
    assert np.mean([plaque.centre[2] < 0 for plaque in plaques]) > 0.7


def test_some_injuries_bleed_and_most_spare_a_bridge_of_tissue() -> None:
    injuries = [draw_lesions(Pathology.SCI, 80.0, rng_of(seed)) for seed in range(200)]
    bleeding = np.mean([len(blobs) > 1 for blobs in injuries])
    reach = np.array([abs(blobs[0].centre[2]) + blobs[0].radii[2] for blobs in injuries])
    behind = np.array([1 + blobs[0].centre[2] - blobs[0].radii[2] for blobs in injuries])
    assert 0.15 < bleeding < 0.5
    assert (behind > 0.05).mean() > 0.5
    assert reach.max() <= 1 + 1e-9


def test_a_tumour_has_oedema_around_its_core_and_sometimes_a_cavity() -> None:
    tumours = [draw_lesions(Pathology.TUMOUR, 80.0, rng_of(seed)) for seed in range(40)]
    assert all([blob.tissue for blob in blobs[:2]] == [Tissue.OEDEMA, Tissue.TUMOUR_CORE] for blobs in tumours)
    assert all(blobs[0].radii[0] > blobs[1].radii[0] for blobs in tumours)
    cavities = [len(blobs) - 2 for blobs in tumours]
    assert set(cavities) == {0, 1, 2}


@given(SEEDS, st.floats(0, 0.15))
def test_a_blob_lies_within_its_extent_and_holds_its_middle(seed: int, roughness: float) -> None:
    blob = Blob(Tissue.PLAQUE, (50.0, 0.2, -0.1), (8.0, 0.5, 0.4), roughness, seed)
    down = np.linspace(20, 80, 241, dtype=np.float32)
    inside = down[blob.covers(down, np.full_like(down, 0.2), np.full_like(down, -0.1))]
    top, bottom = blob.extent_mm
    assert top <= inside.min() <= 50 <= inside.max() <= bottom


def test_a_visit_later_lesions_have_changed_but_stand_where_they_were() -> None:
    before = draw_lesions(Pathology.MS, 80.0, rng_of(1))
    after = grown(before, rng_of(2))
    assert [blob.centre for blob in after] == [blob.centre for blob in before]
    changes = [new.radii[0] / old.radii[0] for new, old in zip(after, before, strict=True)]
    assert all(0.5 < change < 2 for change in changes)
    assert len(set(changes)) == len(changes)


def test_compression_narrows_the_sac_and_a_tumour_swells_the_cord() -> None:
    build = draw_build(rng_of(0))
    pressing = draw_deformations(Pathology.COMPRESSION, build, 80.0, rng_of(0))
    swelling = draw_deformations(Pathology.TUMOUR, build, 80.0, rng_of(0))
    assert max(change.from_front_mm for change in pressing) >= 2
    assert max(change.cord_depth for change in swelling) > 0.1
