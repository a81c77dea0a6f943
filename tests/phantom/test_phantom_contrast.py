import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.phantom.contrast import Contrast, tissue_brightness
from nnunet_ext.phantom.tissues import Tissue
from tests.strategies import SEEDS


@given(SEEDS, st.sampled_from(Contrast))
def test_cord_and_fluid_are_always_a_tenth_apart(seed: int, contrast: Contrast) -> None:
    values = tissue_brightness(contrast, np.random.default_rng(seed))
    cord = values[[Tissue.WHITE_MATTER, Tissue.GREY_MATTER]]
    assert np.abs(cord - values[Tissue.CSF]).min() > 0.1 - 1e-5
    assert np.sign(cord - values[Tissue.CSF]).sum() in {-2, 2}


@given(SEEDS)
def test_brightness_is_finite_and_not_negative(seed: int) -> None:
    for contrast in Contrast:
        values = tissue_brightness(contrast, np.random.default_rng(seed))
        assert values.shape == (len(Tissue),)
        assert ((values >= 0) & (values <= 1.2)).all()


@pytest.mark.parametrize(
    ("contrast", "brighter", "darker"),
    [
        (Contrast.T2W, Tissue.CSF, Tissue.WHITE_MATTER),
        (Contrast.T2W, Tissue.SCI_LESION, Tissue.WHITE_MATTER),
        (Contrast.T2W, Tissue.SCI_LESION, Tissue.HAEMORRHAGE),
        (Contrast.T1W, Tissue.WHITE_MATTER, Tissue.CSF),
        (Contrast.T1W, Tissue.FAT, Tissue.WHITE_MATTER),
        (Contrast.T2STARW, Tissue.CSF, Tissue.WHITE_MATTER),
        (Contrast.T1W_GADOLINIUM, Tissue.TUMOUR_CORE, Tissue.WHITE_MATTER),
        (Contrast.T1W_GADOLINIUM, Tissue.TUMOUR_CORE, Tissue.OEDEMA),
    ],
)
def test_tissues_are_ordered_as_in_the_real_contrast(contrast: Contrast, brighter: Tissue, darker: Tissue) -> None:
    for seed in range(50):
        values = tissue_brightness(contrast, np.random.default_rng(seed))
        assert values[brighter] > values[darker]


def test_grey_matter_is_brighter_than_white_in_t2starw_on_average() -> None:
    values = np.array([tissue_brightness(Contrast.T2STARW, np.random.default_rng(seed)) for seed in range(50)])
    assert 0.08 < (values[:, Tissue.GREY_MATTER] - values[:, Tissue.WHITE_MATTER]).mean() < 0.3


def test_random_contrasts_put_fluid_above_the_cord_in_some_images_and_below_in_others() -> None:
    values = np.array([tissue_brightness(Contrast.RANDOM, np.random.default_rng(seed)) for seed in range(60)])
    above = (values[:, Tissue.CSF] > values[:, Tissue.WHITE_MATTER]).mean()
    assert 0.2 < above < 0.8


def test_lesion_strength_zero_hides_a_lesion() -> None:
    values = tissue_brightness(Contrast.T2W, np.random.default_rng(0), lesion_strength=0.0)
    assert values[Tissue.PLAQUE] == values[Tissue.WHITE_MATTER]
