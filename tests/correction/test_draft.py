import json

from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.labels import Mask
from nnunet_ext.correction.draft import Draft, read_draft
from nnunet_ext.correction.runs import runs_of
from nnunet_ext.correction.spent import Spent
from tests.strategies import masks

COUNTS = st.integers(0, 10**6)
SPENT = st.builds(
    Spent,
    st.floats(0, 1e6),
    COUNTS,
    COUNTS,
    st.dictionaries(st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True), COUNTS),
)
COMMENTS = st.text(st.characters(codec="utf-8"), max_size=50)


@given(masks(), masks(), st.sets(st.sampled_from(["sc", "lesion"])), COMMENTS, SPENT)
def test_a_draft_comes_back_from_its_json_as_it_was(
    cord: Mask, lesion: Mask, absent: set[str], comment: str, spent: Spent
) -> None:
    draft = Draft({"sc": runs_of(cord), "lesion": runs_of(lesion)}, tuple(sorted(absent)), comment, spent)
    back = read_draft(json.loads(json.dumps(draft.content())), ("sc", "lesion"), cord.size)
    assert back.same(draft)
    assert back.spent == spent


@given(masks(), masks())
def test_two_drafts_are_the_same_where_the_same_is_drawn_and_said(one: Mask, two: Mask) -> None:
    drafts = [Draft({"sc": runs_of(mask)}, spent=Spent(seconds)) for mask, seconds in ((one, 1.0), (two, 2.0))]
    assert drafts[0].same(drafts[1]) == (one == two).all()
    assert not drafts[0].same(Draft(drafts[0].masks, absent=("sc",)))
    assert not drafts[0].same(Draft(drafts[0].masks, comment="x"))
