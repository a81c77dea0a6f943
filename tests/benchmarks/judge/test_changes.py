import numpy as np
import pytest
from judge.changes import CHANGES
from judge.cord_score import score_cord
from judge.volumes import Labelled, slices_with

from nnunet_ext.core.volume import Volume

SHAPE = (40, 44, 30)
AFFINE = np.array([[-1.0, 0, 0, 20], [0, 0.8, 0, -15], [0, 0, 1.5, 4], [0, 0, 0, 1]])


def labelled() -> Labelled:
    """A bent cord that is as bright as it is true, off the middle of its image."""
    i, j, k = np.indices(SHAPE)
    truth = ((i - 24 + k / 10) * 1.0) ** 2 + ((j - 18) * 0.8) ** 2 < 36
    data = np.where(truth, 200, 40).astype(np.float32)
    return Labelled("one", Volume(data, AFFINE), truth, slices_with(truth, 2))


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_moves_image_truth_and_what_counts_alike(name: str) -> None:
    changed = CHANGES[name](labelled())
    assert changed.image.data.shape == changed.truth.shape == changed.scored.shape
    assert (changed.truth & changed.scored).any()
    found = changed.image.data < 120 if name == "inverted" else changed.image.data > 120
    if not name.startswith(("noise", "gamma")):
        assert score_cord(changed, found).dice > 0.97
    centre = [np.array([*np.argwhere(case.truth).mean(axis=0), 1.0]) for case in (labelled(), changed)]
    before, after = (case.image.affine @ at for case, at in zip((labelled(), changed), centre, strict=True))
    if name != "flipped":
        assert np.linalg.norm(before - after) < 1.5  # the body stays where it is, whatever the grid is


def test_thick_slices_have_the_thickness_that_they_are_called_by() -> None:
    assert CHANGES["axial 5 mm"](labelled()).image.spacing == pytest.approx((1.0, 0.8, 4.5))
    assert CHANGES["sagittal 3.3 mm"](labelled()).image.spacing == pytest.approx((3.0, 0.8, 1.5))
