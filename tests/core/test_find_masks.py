import pytest

from nnunet_ext.cascade.prediction.case_files import Naming, output_stem
from nnunet_ext.core.find_masks import case_of_mask
from nnunet_ext.core.names import Dialect, label_stem


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("stem", ["sub-01_T2w", "sub-01_ses-02_acq-sag_run-1_T2star"])
def test_the_names_of_every_dialect_lead_back_to_the_image(dialect: Dialect, stem: str) -> None:
    assert case_of_mask(f"{label_stem(stem, 'lesion', dialect)}.nii.gz", "lesion") == stem
    assert case_of_mask(f"{label_stem(stem, 'sc', dialect)}.nii", "sc") == stem
    assert case_of_mask(f"{label_stem(stem, 'sc', dialect)}.nii.gz", "lesion") is None


@pytest.mark.parametrize(("case", "bids"), [("sub-01_T2w", True), ("site_001", False)])
def test_what_predict_leaves_is_found(case: str, bids: bool) -> None:
    for naming in (Naming.BIDS, Naming.NEUROPOLY):
        name = output_stem(case, "lesion", naming, "mask", bids=bids)
        assert case_of_mask(f"{name}.nii.gz", "lesion") == case
    name = output_stem(case, "lesion", Naming.BIDS, "probseg", bids=bids)
    assert case_of_mask(f"{name}.nii.gz", "lesion", "probseg") == case
    assert case_of_mask(f"{name}.nii.gz", "lesion") is None


def test_a_tumours_mask_is_none_of_the_cord() -> None:
    for name in ("sub-01_T2w_tumor_seg.nii.gz", "sub-01_label-tumor_desc-T2w_mask.nii.gz"):
        assert case_of_mask(name, "whole") == "sub-01_T2w"
        assert case_of_mask(name, "sc") is None
