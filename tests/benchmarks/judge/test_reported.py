import math

from judge.reported import REPORTED, for_cards, reported


def test_a_figure_stands_beside_its_aim_and_goes_to_the_card_of_its_model() -> None:
    rows = reported({"cord": {"median_dice": 0.91, "worst_dice": 0.9}, "box": None, "phantoms": {"cord_dice": 0.5}})
    assert [(row["aim"], row["reached"]) for row in rows] == [
        ("at least 0.92", False),
        ("at least 0.87", True),
        ("none", None),
    ]
    assert for_cards(rows) == {
        "cord": {
            "Dice on real volumes, median": 0.91,
            "Dice on real volumes, worst": 0.9,
            "Dice on held-out phantoms, mean": 0.5,
        }
    }


def test_what_is_no_number_reaches_no_aim() -> None:
    assert not any(one.reached(math.nan) for one in REPORTED)
