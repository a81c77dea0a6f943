import pytest

from nnunet_ext.cascade.prediction.post_processing import OutsideCord, PostProcessing
from nnunet_ext.cli.predict.rules import AskedRules, choose_rules
from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.target import load_target

CORD_LESION, TUMOUR, TUMOUR_ONLY, LESION = (
    Labelling.of_model(load_target(name).nnunet_keys()) for name in ("cord-lesion", "tumor", "tumor-only", "lesion")
)


def test_without_a_wish_a_cord_with_lesions_is_left_as_it_is() -> None:
    assert choose_rules(CORD_LESION, AskedRules()) == PostProcessing()


@pytest.mark.parametrize("regions", [TUMOUR, TUMOUR_ONLY])
def test_tumours_get_lemay_s_values(regions: Labelling) -> None:
    rules = choose_rules(regions, AskedRules())
    assert rules.threshold == 0.5
    assert dict(rules.smallest_mm3) == {"core": 200, "edema": 500, "cavity": 500}
    assert set(rules.fill_holes) == {"whole", "core", "edema", "cavity"}
    assert not rules.largest_cord


def test_every_value_can_be_changed() -> None:
    asked = AskedRules(0.3, True, "remove", ("core",), ("core=0", "whole=7.5"))
    rules = choose_rules(TUMOUR, asked)
    assert (rules.threshold, rules.largest_cord, rules.outside_cord) == (0.3, True, OutsideCord.REMOVE)
    assert rules.fill_holes == ("core",)
    assert dict(rules.smallest_mm3) == {"edema": 500, "cavity": 500, "whole": 7.5}
    assert choose_rules(TUMOUR, AskedRules(fill_holes=("none",))).fill_holes == ()


@pytest.mark.parametrize(
    ("regions", "asked", "words"),
    [
        (CORD_LESION, AskedRules(threshold=1.0), "--threshold"),
        (CORD_LESION, AskedRules(threshold=float("nan")), "--threshold"),
        (CORD_LESION, AskedRules(fill_holes=("core",)), "sc, lesion; found core"),
        (CORD_LESION, AskedRules(smallest=("core=3",)), "--smallest"),
        (CORD_LESION, AskedRules(smallest=("lesion=-3",)), "lesion=5"),
        (CORD_LESION, AskedRules(smallest=("lesion=nan",)), "lesion=5"),
        (CORD_LESION, AskedRules(smallest=("lesion",)), "lesion=5"),
        (LESION, AskedRules(largest_cord=True), "region sc"),
        (LESION, AskedRules(outside_cord="remove"), "--outside-cord"),
    ],
)
def test_a_wish_that_the_model_cannot_fulfil_is_told(regions: Labelling, asked: AskedRules, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        choose_rules(regions, asked)
