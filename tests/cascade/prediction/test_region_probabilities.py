import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.cascade.prediction.nnunet_model import NnunetModel
from nnunet_ext.cascade.prediction.region_probabilities import FoldSpread, region_probabilities
from nnunet_ext.core.labels import Labelling
from tests.cascade.prediction.tiny_model import CORD_LESION, PLAIN, TinyModel

SHAPE = (3, 4, 2)


@pytest.mark.parametrize("as_array", [False, True])
def test_regions_have_a_sigmoid_each(as_array: bool) -> None:
    tiny = TinyModel(CORD_LESION)
    logits = torch.linspace(-4, 4, 48).reshape(2, *SHAPE).half()
    regions = Labelling.of_model(tiny.dataset_json)
    given_as = logits.numpy() if as_array else logits
    found = region_probabilities(given_as, regions, NnunetModel.of(tiny.in_memory()))
    assert list(found) == ["sc", "lesion"]
    for head, values in enumerate(found.values()):
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, 1 / (1 + np.exp(-logits[head].float().numpy())), rtol=1e-6)


def test_plain_labels_share_a_softmax_and_are_found_by_their_value() -> None:
    labels = {"labels": {"background": 0, "canal": 2, "cord": 1}}  # named in another order than the heads
    tiny = TinyModel(labels)
    logits = torch.linspace(-4, 4, 72).reshape(3, *SHAPE).half()
    found = region_probabilities(logits, Labelling.of_model(tiny.dataset_json), NnunetModel.of(tiny.in_memory()))
    powers = np.exp(logits.float().numpy())
    np.testing.assert_allclose(found["cord"], powers[1] / powers.sum(0), rtol=1e-5)
    np.testing.assert_allclose(found["canal"], powers[2] / powers.sum(0), rtol=1e-5)


@given(folds=st.lists(st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4), min_size=1, max_size=7))
def test_the_spread_is_numpy_s_standard_deviation(folds: list[list[float]]) -> None:
    spread = FoldSpread()
    for fold in folds:
        spread.add({"sc": np.array(fold, np.float32), "lesion": np.zeros(2, np.float32)})
    found = spread.deviation()
    np.testing.assert_allclose(found["sc"], np.std(np.array(folds, np.float64), axis=0), atol=1e-6)
    assert found["sc"].dtype == np.float32
    assert not found["lesion"].any()


def test_an_ignored_label_is_no_region() -> None:
    assert Labelling.of_model(TinyModel(PLAIN).dataset_json).names == ("cord", "canal")
