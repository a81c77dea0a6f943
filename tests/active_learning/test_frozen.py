import json
from dataclasses import replace
from pathlib import Path

import pytest

from nnunet_ext.active_learning.frozen import Frozen, freeze, thaw
from nnunet_ext.core.errors import ConflictError
from nnunet_ext.core.provenance import sha256

FROZEN = Frozen(
    ("zurich/sub-1",), ("zurich_sub-1_T1w", "zurich_sub-1_T2w"), {"nnUNetPlans.json": "a", "plans.json": "b"}
)


def test_what_was_frozen_is_read_again_from_a_journal() -> None:
    assert thaw(json.loads(json.dumps(FROZEN.content()))) == FROZEN
    assert FROZEN.tested == {("zurich", "sub-1")}


def test_plans_are_known_by_their_content(tmp_path: Path) -> None:
    (tmp_path / "plans.json").write_text("{}")
    assert freeze(None, [tmp_path / "plans.json"]) == Frozen((), (), {"plans.json": sha256(tmp_path / "plans.json")})


def test_more_cases_and_more_plans_are_no_change() -> None:
    more = replace(FROZEN, cases=(*FROZEN.cases, "zurich_sub-2_T2w"), plans={**FROZEN.plans, "new.json": "c"})
    FROZEN.refuse_changed(more)
    FROZEN.refuse_changed(FROZEN)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (replace(FROZEN, cases=FROZEN.cases[:1]), "does not test on zurich_sub-1_T2w any more"),
        (replace(FROZEN, plans={**FROZEN.plans, "nnUNetPlans.json": "c"}), "the plans nnUNetPlans.json were changed"),
        (replace(FROZEN, plans={"nnUNetPlans.json": "a"}), "the plans plans.json were changed"),
    ],
)
def test_a_lost_test_case_and_other_plans_are_a_conflict_by_name(now: Frozen, said: str) -> None:
    with pytest.raises(ConflictError, match=said):
        FROZEN.refuse_changed(now)
