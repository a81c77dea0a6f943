import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.exchange.mask_names import mask_stem, mask_suffix
from nnunet_ext.core.names import LABEL_TAILS, Dialect, label_stem, parse_mask_name
from nnunet_ext.core.target import load_target

STEMS = st.from_regex(
    r"sub-[0-9A-Za-z]{1,4}(_ses-[0-9A-Za-z]{1,3})?(_acq-(sag|ax))?(_run-[0-9])?_(T2w|T1w|T2star)", fullmatch=True
)


@given(stem=STEMS, dialect=st.sampled_from(list(Dialect)), name=st.sampled_from(["cord-lesion", "tumor", "cord"]))
def test_every_name_is_read_back_as_its_image_and_region(stem: str, dialect: Dialect, name: str) -> None:
    regions = [region for region, _ in load_target(name).regions]
    names = {region: mask_stem(stem, region, dialect) for region in regions}
    assert len(set(names.values())) == len(regions)
    for region, named in names.items():
        found = parse_mask_name(named, regions)
        assert found is not None
        assert (found.case, found.region) == (stem, region)


@pytest.mark.parametrize("dialect", list(Dialect))
def test_cord_and_lesion_are_named_as_everywhere(dialect: Dialect) -> None:
    for label in LABEL_TAILS[dialect]:
        assert mask_stem("sub-01_T2w", label, dialect) == label_stem("sub-01_T2w", label, dialect)


@given(stem=STEMS, dialect=st.sampled_from([Dialect.NEUROPOLY, Dialect.MANUAL]))
def test_an_images_name_and_the_suffix_make_the_masks(stem: str, dialect: Dialect) -> None:
    for region in ("sc", "lesion", "edema"):
        assert stem + mask_suffix(region, dialect) == mask_stem(stem, region, dialect)
