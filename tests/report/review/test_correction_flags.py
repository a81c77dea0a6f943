from dataclasses import replace

from nnunet_ext.report.review.correction_flags import correction_flags
from tests.report.review.test_compose import view

OURS = "-path-label OUT/derivatives/labels -suffix-files-seg _label-SC_seg -suffix-files-lesion _label-lesion_seg"


def test_masks_of_the_labs_naming_are_found_with_three_flags() -> None:
    cases = [replace(view(name), suffixes={"sc": "_label-SC_seg", "lesion": "_label-lesion_seg"}) for name in "ab"]
    assert (correction_flags(cases).flags, correction_flags(cases).found) == (OURS, True)


def test_an_older_naming_gives_its_own_suffixes() -> None:
    case = replace(view("a"), suffixes={"sc": "_seg-manual", "lesion": "_lesion-manual"})
    assert correction_flags([case]).flags.endswith("-suffix-files-seg _seg-manual -suffix-files-lesion _lesion-manual")


def test_default_names_are_not_found() -> None:
    for suffixes in ({"sc": "", "lesion": ""}, {"sc": "", "lesion": "_label-lesion_seg"}, {}):
        told = correction_flags([replace(view("a"), suffixes=suffixes)])
        assert (told.flags, told.found) == (OURS, False)
