import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.cascade.prediction.case_files import Naming, output_stem
from nnunet_ext.core.names import Dialect, MaskName, bids_stem, label_stem, parse_mask_name, split_channel

REGIONS = ("sc", "lesion")


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("image", ["sub-01_T2w", "sub-01_ses-M12_acq-sag_T1w"])
def test_every_dialect_of_the_labs_leads_back_to_its_image(image: str, dialect: Dialect) -> None:
    stem = label_stem(image, "lesion", dialect)
    stem = f"{stem}_mask" if dialect is Dialect.BIDS and not stem.endswith("_mask") else stem
    assert parse_mask_name(stem, REGIONS) == MaskName(image, "lesion")


@pytest.mark.parametrize("naming", [Naming.BIDS, Naming.NEUROPOLY])
@pytest.mark.parametrize(("case", "bids"), [("sub-01_T2w", True), ("patient 7", False)])
@pytest.mark.parametrize("region", ["sc", "lesion", "whole", "edema"])
def test_what_predict_writes_is_read(region: str, case: str, bids: bool, naming: Naming) -> None:
    stem = output_stem(case, region, naming, "mask", bids=bids)
    assert parse_mask_name(stem, ["sc", "lesion", "whole", "edema"]) == MaskName(case, region)


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("sub-01_T2w_seg", MaskName("sub-01_T2w", "sc")),
        ("sub-01_T2w_lesion", MaskName("sub-01_T2w", "lesion")),
        ("sub-01_T2w_lesion_seg", MaskName("sub-01_T2w", "lesion")),
        ("sub-01_T2w_sc_seg", MaskName("sub-01_T2w", "sc")),
        ("sub-01_T2w_label-centerline", None),
        ("sub-01_label-centerline_desc-T2w_mask", None),
        ("sub-01_label-SC_desc-T2w_probseg", None),
        ("sub-01_T2w", None),
        ("seg", None),
        ("_label-lesion_seg", None),
        ("sub-01_T2w_desc-rater3_label-lesion_seg", MaskName("sub-01_T2w", "lesion")),
        ("sub-01_T2w_label-lesion_desc-rater3_seg", MaskName("sub-01_T2w", "lesion")),
        ("sub-01_desc-preproc_label-SC_desc-T2w_mask", MaskName("sub-01_desc-preproc_T2w", "sc")),
        ("sub-01_T2w_acq-sag_foo-bar_label-SC_seg", MaskName("sub-01_acq-sag_T2w", "sc")),
        ("sub-01_T2w_label-lesion_softseg", None),
    ],
)
def test_other_names_of_the_field(stem: str, expected: MaskName | None) -> None:
    assert parse_mask_name(stem, REGIONS) == expected


@pytest.mark.parametrize(
    ("case", "stem"),
    [("zurich_sub-01_T2w", "sub-01_T2w"), ("sub-01_T2w", "sub-01_T2w"), ("case_7", "case_7"), ("xsub-1", "xsub-1")],
)
def test_the_bids_stem_of_an_identifier(case: str, stem: str) -> None:
    assert bids_stem(case) == stem


@given(case=st.text("abc_0123456789", min_size=1), number=st.integers(0, 12000), channels=st.integers(1, 4))
def test_only_the_numbers_of_the_channels_there_are_come_off_a_name(case: str, number: int, channels: int) -> None:
    stem = f"{case}_{number:04d}"
    assert split_channel(stem, channels) == ((case, number) if number < channels else None)
    assert split_channel(f"{case}_{number:03d}x", channels) is None


@given(st.text(st.characters(codec="ascii", exclude_characters="/\0"), max_size=30))
def test_no_name_breaks_it(stem: str) -> None:
    found = parse_mask_name(stem, REGIONS)
    assert found is None or (found.case and found.region in REGIONS)
