from typing import Any

import pytest

from nnunet_ext.core.errors import UsageError
from nnunet_ext.evaluation.preset import PRESETS, Preset


def test_each_preset_stands_under_its_own_name() -> None:
    assert "sciseg2" in PRESETS
    assert all(preset.name == name for name, preset in PRESETS.items())


def test_sciseg2_counts_as_the_notes_say() -> None:
    preset = PRESETS["sciseg2"]
    assert (preset.connectivity, preset.smallest_lesion_mm3, preset.overlap) == (6, 0, 0.1)


@pytest.mark.parametrize(
    "wrong",
    [{"connectivity": 4}, {"overlap": 0.0}, {"overlap": 1.5}, {"smallest_lesion_mm3": -1.0},
     {"smallest_lesion_mm3": float("nan")}],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_by_name(wrong: dict[str, Any]) -> None:
    right: dict[str, Any] = {"name": "mine", "connectivity": 6, "smallest_lesion_mm3": 0.0, "overlap": 0.1}
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Preset(**right | wrong)
