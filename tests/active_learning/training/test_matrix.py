import pytest

from nnunet_ext.active_learning.training.matrix import MATRIX_COLUMNS, lesion_region, matrix_rows
from nnunet_ext.active_learning.training.scored_rows import SCORE_COLUMNS


def scored(case: str, site: str, region: str, **values: str) -> dict[str, str]:
    about = {"round": "1", "case": case, "site": site, "region": region}
    return {**dict.fromkeys(SCORE_COLUMNS, "n/a"), **about, **values}


def test_scores_are_averaged_over_the_cases_of_a_site_that_have_a_value_and_over_all() -> None:
    rows = [
        scored("a", "bern", "sc", dice="0.8", cord_area_mm2="60"),
        scored("a", "bern", "lesion", dice="0.5", lesion_f1="1.0"),
        scored("b", "bern", "sc", dice="0.6", cord_area_mm2="50"),
        scored("b", "bern", "lesion", dice="1.0"),
        scored("c", "oslo", "sc", dice="0.1"),
    ]
    bern, oslo, every = matrix_rows(rows)
    assert tuple(bern) == MATRIX_COLUMNS
    assert (bern["site"], bern["cases"], bern["lesion_f1"], bern["cord_area_mm2"]) == ("bern", "2", "1.0", "55.0")
    assert [float(bern["cord_dice"]), float(bern["lesion_dice"])] == pytest.approx([0.7, 0.75])
    assert (oslo["site"], oslo["lesion_dice"], oslo["cord_area_mm2"]) == ("oslo", "n/a", "n/a")
    assert (every["site"], every["cases"]) == ("all", "3")
    assert float(every["cord_dice"]) == pytest.approx(0.5)
    assert matrix_rows([]) == []


@pytest.mark.parametrize(
    ("regions", "lesion"), [(["sc", "lesion"], "lesion"), (["sc", "tumor", "edema"], "tumor"), (["sc"], "")]
)
def test_what_stands_for_lesions_is_the_region_of_that_name_or_the_first_that_is_no_cord(
    regions: list[str], lesion: str
) -> None:
    assert lesion_region([scored("a", "bern", region) for region in regions]) == lesion
