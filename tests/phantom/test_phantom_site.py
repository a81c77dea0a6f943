from dataclasses import replace

import pytest

from nnunet_ext.core.errors import UsageError
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.lesions import Pathology
from nnunet_ext.phantom.patient import draw_patient, scan
from nnunet_ext.phantom.site import SITES, find_sites
from nnunet_ext.phantom.slices import Plane


def test_sites_are_found_by_name_in_the_order_asked() -> None:
    assert [site.code for site in find_sites(["tumor", "sagittal-sci"])] == ["tum", "sci"]


def test_an_unknown_site_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UsageError, match=r"'mars'.*sagittal-sci, axial-ms"):
        find_sites(["axial-ms", "mars"])


def test_the_ready_made_sites_differ_as_real_ones_do() -> None:
    assert len({site.code for site in SITES}) == len({site.name for site in SITES}) == len(SITES) == 5
    assert {site.plane for site in SITES} == set(Plane)
    assert {Contrast.T2W, Contrast.T2STARW, Contrast.T1W_GADOLINIUM} <= {c for site in SITES for c in site.contrasts}
    assert len({site.axes for site in SITES}) == len(SITES)
    assert {pathology for site in SITES for pathology, _ in site.pathologies} == set(Pathology)


def test_a_site_can_be_replaced_by_a_smaller_one_of_random_contrast() -> None:
    (site,) = find_sites(["axial-ms"])
    small = replace(site, contrasts=(Contrast.RANDOM,), matrix=((20, 20), (22, 22), (8, 8)), axes="RAS")
    visit = scan(draw_patient(small, 1, seed=0))
    assert visit.images[Contrast.RANDOM].data.shape == (20, 22, 8)
