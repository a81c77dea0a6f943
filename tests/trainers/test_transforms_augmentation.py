import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.trainers.transforms.augmentation import SpineAugmentation


def test_the_defaults_leave_more_than_half_of_all_images_alone() -> None:
    settings = SpineAugmentation()
    untouched = 1.0
    for artefact in ("thick_slices", "bias", "metal", "ghosting", "noise", "channel_dropout"):
        untouched *= 1 - getattr(settings, f"{artefact}_probability")
    assert untouched > 0.5


def test_settings_survive_json() -> None:
    settings = SpineAugmentation(noise_sigma=(0.0, 1.0), ghosting_axes=("LR",), ghosting_period=(3, 3))
    content = json.loads(json.dumps(dataclasses.asdict(settings)))
    assert SpineAugmentation.from_content(content) == settings


def test_what_is_not_named_keeps_its_default() -> None:
    settings = SpineAugmentation.from_content({"bias_probability": 0})
    assert settings == dataclasses.replace(SpineAugmentation(), bias_probability=0)


@given(steps=st.integers(0, 10**6), full=st.integers(0, 10**5), border=st.floats(0, 1))
def test_a_short_training_spoils_fewer_images_in_proportion_and_a_long_one_as_planned(
    steps: int, full: int, border: float
) -> None:
    planned = SpineAugmentation(full_after_steps=full, border_probability=border, channel_dropout_probability=0.5)
    found = planned.in_a_training_of(steps)
    if steps >= full:
        assert found == planned
        return
    changed = {one.name for one in dataclasses.fields(found) if getattr(found, one.name) != getattr(planned, one.name)}
    assert changed | {"border_probability"} == {
        f"{name}_probability" for name in ("thick_slices", "bias", "metal", "ghosting", "noise", "border")
    }
    for name in changed:
        assert getattr(found, name) == pytest.approx(getattr(planned, name) * steps / full)


def test_an_unknown_setting_is_refused_by_name() -> None:
    with pytest.raises(DataRefusedError, match=r"unknown noise_sigmas; known are .*noise_sigma"):
        SpineAugmentation.from_content({"noise_sigmas": [0, 1]})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bias_probability", 1.5),
        ("bias_probability", True),
        ("full_after_steps", -1),
        ("full_after_steps", 2.5),
        ("full_after_steps", True),
        ("bias_probability", "0.5"),
        ("thick_slices_nearest", -0.1),
        ("noise_probability", float("nan")),
        ("noise_sigma", 0.2),
        ("noise_sigma", [0.4, 0.1]),
        ("noise_sigma", [-0.1, 0.1]),
        ("noise_sigma", [0.1, float("inf")]),
        ("noise_sigma", [0.1, 10**400]),
        ("thick_slices_mm", [0, 5]),
        ("metal_radius_mm", [1, 2, 3]),
        ("metal_elongation", [0.5, 2]),
        ("ghosting_period", [2.5, 4]),
        ("ghosting_period", [1, 4]),
        ("ghosting_axes", []),
        ("ghosting_axes", ["SI", "SI"]),
        ("ghosting_axes", ["up"]),
        ("ghosting_axes", "SI"),
        ("ghosting_axes", [["SI"]]),
        ("channel_dropout_fill", "mean"),
        ("channel_dropout_fill", None),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_what_was_needed(name: str, value: Any) -> None:  # noqa: ANN401
    with pytest.raises(DataRefusedError, match=rf"{name}: .*needed.*found"):
        SpineAugmentation.from_content({name: value})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)


@given(st.sampled_from([field.name for field in dataclasses.fields(SpineAugmentation)]), json_values)
def test_any_json_is_either_taken_or_refused_by_name(name: str, value: Any) -> None:  # noqa: ANN401
    try:
        settings = SpineAugmentation.from_content({name: value})
    except DataRefusedError as refusal:
        taken, told = False, str(refusal)
    else:
        taken, told = getattr(settings, name) == (tuple(value) if isinstance(value, list) else value), ""
    assert taken or name in told
