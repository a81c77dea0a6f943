from typing import Any

import pytest

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.models.check_dataset_json import check_dataset_json
from nnunet_ext.models.json_files import FACES


def dataset(**changes: object) -> dict[str, Any]:
    whole = {
        "channel_names": {"0": "MRI"},
        "labels": {"background": 0, "sc": [1, 2], "lesion": 2},
        "regions_class_order": [1, 2],
        "file_ending": ".nii.gz",
    }
    return {**whole, **changes}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"labels": {"../../evil": 1}}, "leads elsewhere"),
        ({"labels": {"a\\b": 1}}, "leads elsewhere"),
        ({"labels": {"": 1}}, "leads elsewhere"),
        ({"labels": {"sc": "1.0"}}, "needs integers"),
        ({"labels": {"sc": "1" * 5000}}, "needs integers"),
        ({"labels": {"sc": [1] * 1001}}, "needs integers"),
        ({"labels": {"background": "0", "sc": "1", "ignore": 7}}, "ignore needs the value after the others, 2"),
        ({"labels": {"sc": True}}, "needs integers"),
        ({"labels": {"sc": -1}}, "needs integers"),
        ({"labels": {"sc": 70_000}}, "needs integers"),
        ({"labels": {"sc": [[1]]}}, "needs integers"),
        ({"labels": {"sc": []}}, "needs integers"),
        ({"labels": {"sc": 1}}, "background was needed"),
        ({"labels": {"background": 1, "sc": 0}}, "background was needed"),
        ({"labels": {"background": 0, "sc": 1, "ignore": 7}}, "ignore needs the value after the others, 2"),
        ({"labels": {"background": 0, "ignore": 1}}, "names no region"),
        ({"labels": {}}, "labels were needed"),
        ({"regions_class_order": None}, "regions_class_order"),
        ({"regions_class_order": [1]}, "regions_class_order"),
        ({"regions_class_order": "12"}, "needs integers"),
        ({"regions_class_order": [1, 70_000]}, "needs integers"),
        ({"classes": {"a": 1e999}}, "whole numbers"),
        ({"crop": 7}, "crop needs margins_mm"),
        ({"crop": {"margins_mm": {"superior": 1}}}, "pad_inferior"),
        ({"crop": {"margins_mm": dict.fromkeys(FACES, 1e999)}}, "pad_superior"),
        ({"image_axes_nibabel": "XYZ"}, "image_axes_nibabel"),
        ({"channel_names": {"a": "MRI"}}, "channel_names need a name"),
        ({"channel_names": {"0": "MRI", "2": "CT"}}, "channel_names need a name"),
        ({"channel_names": {"0": ["MRI"]}}, "channel_names need a name"),
        ({"channel_names": {"0": "MRI\ud800"}}, "channel_names need a name"),
        ({"channel_names": {}}, "channel_names"),
        ({"file_ending": "/../x.nii.gz"}, "a file ending"),
        ({"file_ending": None}, "a file ending"),
        ({"channel_names": []}, "channel_names"),
        ({"overwrite_image_reader_writer": "os"}, "image reader"),
        ({"image_orientation": "RRI"}, "orientation"),
    ],
)
def test_a_dataset_json_can_lead_nowhere(changes: dict[str, Any], reason: str) -> None:
    check_dataset_json(dataset())
    with pytest.raises(UnsafeModelError, match=reason):
        check_dataset_json(dataset(**changes))


def test_label_values_may_be_texts_as_nnunet_takes_them() -> None:
    check_dataset_json(dataset(labels={"background": "0", "sc": ["1", "2"], "lesion": "2"}))
    check_dataset_json(dataset(labels={"background": 0, "sc": "1", "lesion": "2", "ignore": 3}))
