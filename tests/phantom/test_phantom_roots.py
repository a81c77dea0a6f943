import numpy as np
import numpy.typing as npt
import pytest

from nnunet_ext.phantom.anatomy import tissue_map
from nnunet_ext.phantom.spine import Spine
from nnunet_ext.phantom.tissues import CORD_TISSUES, Tissue
from tests.phantom.sections import healthy_spine, whole


def block(spine: Spine, top: float, bottom: float) -> npt.NDArray[np.uint8]:
    """Paint the sac and its surroundings between two levels at 0.6 x 0.6 x 1.5 mm."""
    ends = [int(spine.index(np.array(spine.build.arc_at(level)))) for level in (top, bottom)]
    x, y = (float(axis[ends[0] : ends[1]].mean()) for axis in (spine.x, spine.y))
    high, low = (float(spine.z[end]) for end in ends)
    affine = np.diag([0.6, 0.6, 1.5, 1.0])
    affine[:3, 3] = x - 30, y - 36, low
    return tissue_map(spine, (), (100, 120, int((high - low) / 1.5)), affine)


def nerves_in_sac(tissue: npt.NDArray[np.uint8]) -> list[int]:
    """Pixels of nerve within the sac in each slice."""
    sac = np.isin(tissue, (*CORD_TISSUES, Tissue.CSF))
    inside = [whole(sac[:, :, k]) & (tissue[:, :, k] == Tissue.NERVE) for k in range(tissue.shape[2])]
    return [int(nerve.sum()) for nerve in inside]


@pytest.mark.parametrize(("top", "bottom"), [(2.0, 5.0), (10.0, 12.0)])
def test_rootlets_cross_the_fluid_in_neck_and_chest_and_leave_most_of_it_free(top: float, bottom: float) -> None:
    for seed in range(3):
        tissue = block(healthy_spine(seed), top, bottom)
        counts = np.array(nerves_in_sac(tissue))
        assert (counts > 0).mean() > 0.3
        assert counts.sum() < 0.2 * (tissue == Tissue.CSF).sum()


def test_the_cauda_equina_thins_out_downwards_but_its_filum_goes_on() -> None:
    for seed in range(3):
        spine = healthy_spine(seed)
        upper, lower = (np.array(nerves_in_sac(block(spine, level, level + 0.8))) for level in (20.6, 23.1))
        assert lower.mean() < 0.6 * upper.mean()
        assert lower.min() > 0


def test_the_cord_swims_in_fluid_all_around_but_where_a_wide_one_touches_its_sac() -> None:
    shares = []
    for seed in range(16):
        tissue = block(healthy_spine(seed), 2.0, 3.5)
        cord = np.isin(tissue, CORD_TISSUES)
        fluid = np.isin(tissue, (Tissue.CSF, Tissue.NERVE))
        outline = cord[1:] != cord[:-1]
        beyond = np.where(cord[1:], tissue[:-1], tissue[1:])[outline]
        shares.append(np.isin(beyond, (Tissue.CSF, Tissue.NERVE)).mean())
        assert (fluid.sum(axis=(0, 1)) > 0.4 * cord.sum(axis=(0, 1))).all()
    assert np.median(shares) == 1.0
    assert np.mean(shares) > 0.99


def test_the_front_of_the_cord_is_dented_where_its_fissure_opens() -> None:
    dents = []
    for seed in range(12):
        tissue = block(healthy_spine(seed), 3.4, 3.8)
        cord = np.isin(tissue, CORD_TISSUES)[:, :, 2]
        front = cord.shape[1] - np.argmax(cord[:, ::-1], axis=1)
        sides = np.flatnonzero(cord.any(axis=1))
        middle = int(sides.mean().round())
        dents.append(max(front[middle - 4], front[middle + 4]) - front[middle - 1 : middle + 2].min())
    assert np.mean(dents) > 0.3
