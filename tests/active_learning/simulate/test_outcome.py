from nnunet_ext.active_learning.curves.curves_table import CurvePoint
from nnunet_ext.active_learning.simulate.outcome import Outcome, conclude
from nnunet_ext.core.tables import Row

BASELINE = "foreground-random"
SPENT = ("voxels_changed", "slices_changed", "objects_added", "objects_removed")


def outcome(gains: dict[str, list[float]]) -> Outcome:
    """Strategy to how much better than the baseline each seed is after the one round there is."""
    values = {BASELINE: [0.0, 0.0, 0.0], **gains}
    points = [
        CurvePoint(name, seed, number, 8 * number, "lesion", "dice", 0.4 + number * (0.1 + 0.01 * seed + gain))
        for name, several in values.items()
        for seed, gain in enumerate(several)
        for number in (0, 1)
    ]
    effort: list[Row] = [
        {"strategy": name, "seed": str(seed), **dict.fromkeys(SPENT, "10")}
        for name, several in values.items()
        for seed in range(len(several))
        for _ in range(2)
    ]
    return conclude(points, effort, "lesion")


def test_each_strategy_stands_beside_what_the_baseline_reached_and_cost() -> None:
    found = outcome({"entropy": [0.02, 0.021, 0.022], "bald": [-0.03, 0.04, 0.0]})
    assert found.strategies == (BASELINE, "entropy", "bald")
    head, *rows = found.table()
    assert head == ["strategy", "round 0", "round 1", f"to {BASELINE} 1", *(name.replace("_", " ") for name in SPENT)]
    assert rows[0] == [BASELINE, "0.400", "0.510", "n/a", "20", "20", "20", "20"]
    assert rows[1] == ["entropy", "0.400", "0.531", "+0.021", "20", "20", "20", "20"]


def test_a_gain_counts_where_all_seeds_show_it_and_is_called_chance_where_they_do_not() -> None:
    found = outcome({"entropy": [0.02, 0.021, 0.022], "bald": [-0.03, 0.04, 0.0]})
    assert found.verdict.winner == "entropy"
    said = {sentence.split()[0]: sentence for sentence in found.verdict.sentences}
    assert "Dice of the lesion" in said[BASELINE]
    assert "significantly better" in said["entropy"]
    assert "not significant" in said["bald"]
