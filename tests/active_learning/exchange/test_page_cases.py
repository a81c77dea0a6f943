from pathlib import Path

from nnunet_ext.active_learning.exchange.page_cases import page_cases
from nnunet_ext.active_learning.exchange.rater_folder import ExchangeSettings
from nnunet_ext.active_learning.exchange.write_exchange import write_exchange
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.target import load_target
from tests.active_learning.exchange.conftest import Choose


def test_a_page_has_each_case_with_its_reason_in_the_order_of_the_raters_marks(
    tmp_path: Path, choose: Choose, datasets: dict[str, Path]
) -> None:
    images = [f"sub-{number:02d}/anat/sub-{number:02d}_T2w.nii.gz" for number in range(5)]
    cases = [choose("gm", image, rater, f"why; {image}") for image in images for rater in ("bo", "anna")]
    settings = ExchangeSettings(load_target("cord-lesion"), seed=3)
    write_exchange(tmp_path / "to_correct", cases, settings, datasets)
    shown = page_cases(tmp_path / "to_correct", settings.seed)
    assert {(one.case, one.rater, one.reason) for one in shown} == {(one.case, one.rater, one.reason) for one in cases}
    for rater in ("anna", "bo"):
        marks = (tmp_path / "to_correct" / rater / "marks.tsv").read_text().splitlines()[1:]
        assert [one.case for one in shown if one.rater == rater] == [line.split("\t")[0] for line in marks]
    for one in shown:
        assert list(one.masks) == ["sc", "lesion"]
        assert all(read_mask(mask).forms == read_volume(one.images[0]).forms for mask in one.masks.values())
