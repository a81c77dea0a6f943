from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.cell_lists import PATHS, SENTENCES, join_list, split_list

TEXTS = st.lists(st.text(alphabet="ab;\\ .é", min_size=1).map(str.strip).filter(bool), max_size=5)


@given(TEXTS, st.sampled_from([SENTENCES, PATHS]))
def test_texts_come_back_whole_whatever_they_hold(texts: list[str], separator: str) -> None:
    assert split_list(join_list(texts, separator)) == tuple(texts)


def test_a_semicolon_inside_a_sentence_does_not_end_it() -> None:
    told = ["no cord box was found (score 0.2; needed 0.5); look at it", "cut"]
    assert split_list(join_list(told)) == tuple(told)


def test_texts_without_a_semicolon_are_written_as_they_are() -> None:
    assert join_list(["same grid", "moved by 0.3 mm"]) == "same grid; moved by 0.3 mm"
    assert join_list(["a/b.nii.gz", "c.nii.gz"], PATHS) == "a/b.nii.gz;c.nii.gz"


def test_a_lone_backslash_of_an_earlier_table_stands_for_itself() -> None:
    assert split_list("C:\\data\\scan; moved") == ("C:\\data\\scan", "moved")


def test_nothing_is_no_text() -> None:
    assert split_list("n/a") == split_list("") == ()
