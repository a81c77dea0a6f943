import pytest

from nnunet_ext.active_learning.query.query_settings import QuerySettings
from nnunet_ext.core.errors import UsageError


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"budget": 0}, "budget: a whole number from 1 was needed, found 0"),
        ({"strategy": "coreset"}, "strategy: one of strata, foreground-random,.* was needed, found 'coreset'"),
        ({"shares": {"lesion": 0.5, "brain": 0.5}}, "shares: lesion, cord, random, healthy were needed, found brain"),
        ({"shares": {"lesion": 0.0}}, "found lesion 0"),
        ({"shares": {"lesion": -1.0, "cord": 2.0}}, "found lesion -1, cord 2"),
        ({"shares": {"lesion": float("nan")}}, "found lesion nan"),
        ({"most_per_site": 0.0}, "most_per_site: a share above 0"),
        ({"most_per_site": float("nan")}, "most_per_site"),
        ({"seed": -1}, "seed: a whole number from 0"),
        ({"round_number": 0}, "round: a whole number from 1"),
        ({"rounds": 0}, "rounds: a whole number from 1"),
        ({"raters": ("ann", "ann")}, "raters: different names were needed, found ann, ann"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_by_name(changed: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        QuerySettings(**({"budget": 8, "shares": {"lesion": 1.0}} | changed))  # type: ignore[arg-type]


def test_shares_have_one_default_that_of_the_settings_of_a_loop() -> None:
    with pytest.raises(TypeError, match="shares"):
        QuerySettings(8)  # type: ignore[call-arg]
