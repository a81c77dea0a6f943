import json
from collections.abc import Callable

import pytest

from nnunet_ext.core.errors import UsageError
from nnunet_ext.evaluation.lesions import LesionDefinition
from nnunet_ext.evaluation.overlap_rules import AnimaRule, IouRule, ShareRule, VolumeRule
from nnunet_ext.evaluation.preset import PRESETS, find_preset


def test_each_preset_stands_under_its_own_name() -> None:
    assert list(PRESETS) == ["sciseg2", "anima", "panoptica", "gros2019", "lemay2021"]
    assert all(preset.name == name for name, preset in PRESETS.items())


def test_an_unknown_preset_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"sciseg2.*lemay2021.*'mine'"):
        find_preset("mine")


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_in_json_what_it_does(name: str) -> None:
    content = json.loads(json.dumps(PRESETS[name].content(), allow_nan=False))
    assert content["source"]
    assert content["lesion"]["connectivity"] in (6, 18, 26)
    assert "dsc" in content["empty_masks"]
    assert len(content["rule"]) > 1


@pytest.mark.parametrize("name", ["gros2019", "lemay2021"])
def test_what_a_publication_does_not_say_is_named_as_a_guess(name: str) -> None:
    assert PRESETS[name].guesses


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: LesionDefinition(4), "connectivity"),  # type: ignore[arg-type]
        (lambda: LesionDefinition(6, -1.0), "smallest_mm3"),
        (lambda: LesionDefinition(6, float("nan")), "smallest_mm3"),
        (lambda: LesionDefinition(6, smallest_voxels=0), "smallest_voxels"),
        (lambda: ShareRule(0.0), "overlap"),
        (lambda: ShareRule(0.5, 1.5), "real_overlap"),
        (lambda: VolumeRule(0.0), "overlap_mm3"),
        (lambda: IouRule(1.5), "iou"),
        (lambda: AnimaRule(alpha=0.0), "alpha"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(make: Callable[[], object], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        make()
