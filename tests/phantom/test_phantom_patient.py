from dataclasses import replace

import cc3d
import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.core.orientation import reorient
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.lesions import Pathology
from nnunet_ext.phantom.patient import Visit, draw_patient, scan
from nnunet_ext.phantom.site import SITES, Site
from nnunet_ext.phantom.slices import Plane

AXES = [
    "".join(letters)
    for order in (("RL", "AP", "SI"), ("RL", "SI", "AP"), ("AP", "RL", "SI"), ("AP", "SI", "RL"), ("SI", "RL", "AP"),
                  ("SI", "AP", "RL"))
    for letters in np.array(np.meshgrid(*[list(pair) for pair in order])).T.reshape(-1, 3)
]  # fmt: skip


def with_pathology(site: Site, pathology: Pathology) -> Site:
    return replace(site, pathologies=((pathology, 1.0),))


def in_ras(visit: Visit) -> tuple[np.ndarray, np.ndarray]:
    return reorient(visit.cord, "RAS").data > 0, reorient(visit.lesion, "RAS").data > 0


def test_a_patient_follows_from_seed_site_and_number_alone(small_site: Site) -> None:
    once, again = (scan(draw_patient(small_site, 3, seed=8)) for _ in range(2))
    other_number, other_seed = scan(draw_patient(small_site, 4, seed=8)), scan(draw_patient(small_site, 3, seed=9))
    assert once.images[Contrast.T2W].data.tobytes() == again.images[Contrast.T2W].data.tobytes()
    for other in (other_number, other_seed):
        assert once.images[Contrast.T2W].data.tobytes() != other.images[Contrast.T2W].data.tobytes()


def test_sites_of_other_codes_have_other_patients(small_site: Site) -> None:
    one, other = (draw_patient(replace(small_site, code=code), 1, seed=8) for code in ("a", "b"))
    assert one.spine.build != other.spine.build
    assert one.participant_id == "sub-a001"


@pytest.mark.parametrize("pathology", list(Pathology))
def test_images_and_masks_share_one_grid_and_the_lesion_lies_in_the_cord(
    small_slices: Site, pathology: Pathology
) -> None:
    for number in range(1, 4):
        visit = scan(draw_patient(with_pathology(small_slices, pathology), number, seed=2))
        cord, lesion = visit.cord, visit.lesion
        for image in visit.images.values():
            assert image.data.shape == cord.data.shape == lesion.data.shape
            assert (image.affine == cord.affine).all()
            assert (image.affine == lesion.affine).all()
        assert list(visit.images) == [Contrast.T2W, Contrast.T1W_GADOLINIUM]
        assert not (lesion.data > cord.data).any()
        assert lesion.data.any() == (pathology not in {Pathology.HEALTHY, Pathology.COMPRESSION})


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
def test_the_cord_is_one_piece_and_runs_through_the_field_of_view(site: Site) -> None:
    for number in (1, 2):
        cord, _ = in_ras(scan(draw_patient(site, number, seed=6)))
        assert cc3d.connected_components(cord.astype(np.uint8), connectivity=26).max() == 1
        heights = np.flatnonzero(cord.any(axis=(0, 1)))
        assert (np.diff(heights) == 1).all()
        assert heights[0] == 0 or site.name == "tumor"  # a low field of view may hold the conus


def test_the_mask_of_the_cord_is_about_13_mm_wide_at_c5(small_site: Site) -> None:
    site = replace(small_site, in_plane_mm=(0.8, 0.8), matrix=((40, 40), (40, 40), (20, 20)), levels=(4.5, 4.5))
    widths = []
    for number in range(1, 13):
        cord, _ = in_ras(scan(draw_patient(with_pathology(site, Pathology.HEALTHY), number, seed=1)))
        widths.append(0.8 * cord[:, :, 10].any(axis=1).sum())
    assert np.median(widths) == pytest.approx(13.3, abs=1.2)


def test_the_brainstem_is_not_cord(small_site: Site) -> None:
    site = replace(small_site, levels=(0.0, 0.0), matrix=((24, 24), (36, 36), (60, 60)))
    patient = draw_patient(with_pathology(site, Pathology.HEALTHY), 1, seed=3)
    cord, _ = in_ras(scan(patient))
    heights = np.flatnonzero(cord.any(axis=(0, 1)))
    assert heights[0] == 0
    assert 15 < heights[-1] < 45  # the field of view goes on above C1, the mask does not


def test_a_diseased_cord_is_where_the_disease_is(small_site: Site) -> None:
    site = replace(with_pathology(small_site, Pathology.SCI), levels=(21.0, 23.0))
    for number in range(1, 6):
        assert scan(draw_patient(site, number, seed=0)).lesion.data.any()


def test_a_second_visit_sees_the_same_patient_with_changed_lesions_elsewhere(small_site: Site) -> None:
    patient = draw_patient(with_pathology(small_site, Pathology.SCI), 1, seed=5)
    first, second = scan(patient, 1), scan(patient, 2)
    volumes = [visit.lesion.data.sum() * visit.lesion.voxel_volume_mm3 for visit in (first, second)]
    assert first.images[Contrast.T2W].data.tobytes() != second.images[Contrast.T2W].data.tobytes()
    assert volumes[0] != volumes[1]
    assert 0.4 < volumes[1] / volumes[0] < 2.5


@pytest.mark.parametrize("axes", AXES)
def test_each_of_the_48_orientations_holds_the_same_patient(small_site: Site, axes: str) -> None:
    site = replace(small_site, matrix=((14, 14), (18, 18), (16, 16)), in_plane_mm=(2.0, 2.0))
    usual, turned = (scan(draw_patient(replace(site, axes=letters), 1, seed=4)) for letters in ("RAS", axes))
    assert turned.cord.axes == axes
    back = reorient(turned.images[Contrast.T2W], "RAS")
    np.testing.assert_array_equal(back.data, usual.images[Contrast.T2W].data)
    np.testing.assert_allclose(back.affine, usual.cord.affine, atol=1e-9)


def test_there_are_48_orientations() -> None:
    assert len(set(AXES)) == 48


def test_some_affines_are_oblique_where_the_site_tilts_its_slices(small_site: Site) -> None:
    def tilted(site: Site) -> int:
        affines = [scan(draw_patient(site, number, seed=4)).cord.affine for number in range(1, 6)]
        return sum(int(nib.affines.obliquity(affine).max() > 1e-3) for affine in affines)

    assert tilted(replace(small_site, oblique=0.0)) == 0
    assert tilted(replace(small_site, oblique=1.0)) == 5


def test_axial_slices_of_a_tilting_site_lie_across_the_cord(small_site: Site) -> None:
    site = replace(small_site, plane=Plane.AXIAL, slice_mm=(4.0, 4.0), oblique=1.0, tilt_deg=0.0, levels=(7.0, 7.0))
    site = replace(site, matrix=((40, 40), (50, 50), (10, 10)), in_plane_mm=(0.8, 0.8))
    patient = draw_patient(with_pathology(site, Pathology.HEALTHY), 1, seed=4)
    cord = reorient(scan(patient).cord, "RAS")
    middle = np.argwhere(cord.data.any(axis=0)).astype(float)
    first, last = (middle[middle[:, 1] == height, 0].mean() for height in (2, 7))
    assert abs(last - first) * 0.8 < 5 * 4.0 * np.tan(np.deg2rad(10))
