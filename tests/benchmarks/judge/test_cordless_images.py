import numpy as np
from judge.cordless_images import CONTRASTS, SCENES, above_brainstem, beside_cord, drawn_images
from judge.volumes import Labelled, slices_with

from nnunet_ext.core.volume import Volume


def test_every_scene_is_drawn_in_every_contrast_and_none_is_empty_but_the_images_of_nothing() -> None:
    images = dict(drawn_images(3))
    drawn = {f"{name}_{contrast}" for name, *_ in SCENES for contrast in CONTRASTS}
    assert set(images) == {*drawn, "noise", "noise-thick", "constant", "zero"}
    for name in drawn:
        assert np.std(images[name].data) > 20
    assert np.ptp(images["constant"].data) == np.ptp(images["zero"].data) == 0


def test_a_piece_beside_the_cord_holds_none_of_it_and_lies_where_it_did() -> None:
    truth = np.zeros((100, 30, 10), np.bool_)
    truth[60:70, 10:20, :] = True
    image = Volume(np.where(truth, 1000, np.arange(100)[:, None, None]).astype(np.int16), np.diag([-1.0, 1, 3, 1]))
    (name, piece), *others = beside_cord(Labelled("one", image, truth, slices_with(truth, 2)))
    assert (name, others) == ("beside-one-low", [])  # 18 mm are left on the other side
    assert piece.data.max() == 47
    np.testing.assert_array_equal(piece.affine, image.affine)


def test_a_template_is_cut_above_its_brainstem_whichever_way_it_is_stored() -> None:
    data = np.arange(40, dtype=np.int16)[None, None, :] * np.ones((5, 6, 1), np.int16)
    affine = np.array([[2.0, 0, 0, -5], [0, 2, 0, -5], [0, 0, 2, -40], [0, 0, 0, 1]])
    upright = above_brainstem(Volume(data, affine))
    assert upright.affine[2, 3] == 12.0
    assert upright.data.min() == 26
    flipped = affine @ np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, 39], [0, 0, 0, 1]])
    assert above_brainstem(Volume(data[..., ::-1].copy(), flipped)).data.min() == 26
