import json
from typing import Any

import pytest

from nnunet_ext.core.errors import DataRefusedError
from tests.trainers.conftest import Prepared

CROP = {"margins_mm": dict.fromkeys(("superior", "inferior", "left", "right", "anterior", "posterior"), 10.0)}


def build(prepared: Prepared, monkeypatch: pytest.MonkeyPatch, *, masked: bool, **keys: Any) -> Any:  # noqa: ANN401
    import torch

    from nnunet_ext.trainers.cord_crop import nnUNetTrainerCordCrop

    for name, value in prepared.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("nnUNet_results", str(prepared.root / "results_crop"))
    plans = json.loads(prepared.plans.read_text()) | {"continue_training": False}
    plans["configurations"]["tiny"]["use_mask_for_norm"] = [masked]
    dataset = json.loads((prepared.plans.parent / "dataset.json").read_text()) | keys
    return nnUNetTrainerCordCrop(plans, "tiny", 0, dataset, torch.device("cpu"))


def test_a_dataset_that_was_not_cropped_is_refused_with_the_command(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataRefusedError, match="nnunet_ext crop-dataset"):
        build(prepared, monkeypatch, masked=False)


def test_plans_that_normalise_by_what_is_not_zero_are_refused_with_the_command(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataRefusedError, match="--fix-plans"):
        build(prepared, monkeypatch, masked=True, crop=CROP)
