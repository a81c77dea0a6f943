import json
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.cascade.plans import PlansChange, force_full_normalisation
from nnunet_ext.core.errors import DataRefusedError
from tests.cascade.conftest import Planned


def plans(folder: Path, **configurations: dict[str, object]) -> Path:
    file = folder / "nnUNetPlans.json"
    file.write_text(json.dumps({"plans_name": "nnUNetPlans", "zeta": 1, "configurations": configurations, "alpha": 2}))
    return file


def test_every_channel_of_every_configuration_is_normalised_as_a_whole(tmp_path: Path) -> None:
    file = plans(
        tmp_path,
        second={"spacing": [1, 1, 1], "use_mask_for_norm": [False, True], "data_identifier": "p_second"},
        first={"use_mask_for_norm": [True]},
        heir={"inherits_from": "first"},
        fine={"use_mask_for_norm": [False]},
    )
    before = json.loads(file.read_text())
    assert force_full_normalisation(file) == (PlansChange("second", (1,), "p_second"), PlansChange("first", (0,), ""))
    after = json.loads(file.read_text())
    assert list(after) == list(before)
    assert list(after["configurations"]) == ["second", "first", "heir", "fine"]
    assert list(after["configurations"]["second"]) == ["spacing", "use_mask_for_norm", "data_identifier"]
    assert after["configurations"]["second"]["use_mask_for_norm"] == [False, False]
    assert after["configurations"]["heir"] == {"inherits_from": "first"}


def test_where_nothing_is_to_change_the_file_is_not_touched(tmp_path: Path) -> None:
    file = plans(tmp_path, one={"use_mask_for_norm": [False]})
    before = file.stat()
    assert force_full_normalisation(file) == ()
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_statistics_of_a_dataset_without_foreground_stay_what_they_are(tmp_path: Path) -> None:
    file = plans(tmp_path, one={"use_mask_for_norm": [True], "mean": float("nan")})
    assert len(force_full_normalisation(file)) == 1
    assert np.isnan(json.loads(file.read_text())["configurations"]["one"]["mean"])


@pytest.mark.parametrize(
    "content",
    [
        None, "{", "[]", "{}", '{"configurations": {"one": 3}}', '{"configurations": 3}', "[" * 100_000,
        '{"configurations": {"one": {"use_mask_for_norm": 7}}}',
    ],
)  # fmt: skip
def test_what_is_no_plans_file_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "plans.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(DataRefusedError, match="a plans file of nnU-Net was needed"):
        force_full_normalisation(file)


def test_nnunet_plans_a_mask_for_boxes_and_preprocesses_without_it_once_the_plans_are_mended(planned: Planned) -> None:
    import blosc2

    assert planned.wanted_before == (True,)
    written = json.loads(planned.plans.read_text())["configurations"]
    assert {tuple(c["use_mask_for_norm"]) for c in written.values() if "use_mask_for_norm" in c} == {(False,)}
    (case,) = planned.preprocessed.glob("nnUNetPlans_3d_fullres/a.b2nd")
    voxels = np.asarray(blosc2.open(str(case))[:], dtype=np.float64)
    assert voxels.mean() == pytest.approx(0, abs=1e-3)
    # With the mask the air in the box would be left at zero, and the spread over the box be less than 1.
    assert voxels.std() == pytest.approx(1, abs=1e-3)


def test_nan_that_nnunet_wrote_for_a_dataset_without_foreground_stays(tmp_path: Path) -> None:
    file = tmp_path / "nnUNetPlans.json"
    file.write_text('{"mean": NaN, "configurations": {"one": {"use_mask_for_norm": [true]}}}')
    assert force_full_normalisation(file) == (PlansChange("one", (0,), ""),)
    assert '"mean": NaN' in file.read_text()


@pytest.mark.parametrize("content", ['{"configurations": {"one": {"use_mask_for_norm": 1}}}', "[" * 100_000, "[1]"])
def test_what_is_no_plans_file_is_refused_by_name(tmp_path: Path, content: str) -> None:
    file = tmp_path / "nnUNetPlans.json"
    file.write_text(content)
    with pytest.raises(
        DataRefusedError, match=r"nnUNetPlans\.json: a plans file of nnU-Net was needed, found .*; run: nn"
    ):
        force_full_normalisation(file)
