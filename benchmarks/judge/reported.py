"""Which figures the models' cards carry, in which words, and what they should be."""

from collections.abc import Mapping
from dataclasses import dataclass

from judge.bench import CORD, LESION, LOCALIZER
from judge.cord_parts import Figures


@dataclass(frozen=True)
class Reported:
    """One figure of one part.

    Parameters
    ----------
    model
        Whose card carries it.
    part, figure
        Where it stands.
    words
        For the card.
    least, most
        What it should be; None where nobody said.
    """

    model: str
    part: str
    figure: str
    words: str
    least: float | None = None
    most: float | None = None

    @property
    def aim(self) -> str:
        """In words."""
        aims = (
            f"at least {self.least:g}" if self.least is not None else "",
            f"at most {self.most:g}" if self.most is not None else "",
        )
        return " and ".join(filter(None, aims)) or "none"

    def reached(self, value: float) -> bool | None:
        """Tell whether a figure is good enough, which one that is no number never is; None where there is no aim."""
        if self.least is None and self.most is None:
            return None
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


REPORTED = (
    Reported(CORD, "cord", "median_dice", "Dice on real volumes, median", least=0.92),
    Reported(CORD, "cord", "worst_dice", "Dice on real volumes, worst", least=0.87),
    Reported(CORD, "cord", "slices_hit_percent", "slices of real cords hit, %, worst volume"),
    Reported(LOCALIZER, "box", "lost_voxels", "voxels of real cords outside their box", most=0),
    Reported(LOCALIZER, "box", "localisation_rate_percent", "slices of real cords hit, %, worst volume", least=100),
    Reported(CORD, "rescans", "median_cov_percent", "variation of the volume between rescans, %, median", most=2),
    Reported(CORD, "cordless", "voxels_of_cord", "voxels of cord in images without one", most=0),
    Reported(CORD, "speed", "seconds", "seconds for 384 x 195 x 52 voxels, two threads, start included", most=15),
    Reported(CORD, "speed", "peak_memory_gib", "memory for the same, GiB", most=2),
    Reported(CORD, "speed", "import_and_load_seconds", "seconds of it for import and loading", most=4),
    Reported(LESION, "injected", "sensitivity_above_100_mm3", "injected lesions above 100 mm3 found", least=0.8),
    Reported(LESION, "injected", "lesion_dice", "Dice of injected lesions, mean", least=0.6),
    Reported(LESION, "injected", "false_lesions_per_image", "false lesions in a real image of a healthy person"),
    Reported(CORD, "phantoms", "cord_dice", "Dice on held-out phantoms, mean"),
    Reported(LESION, "phantoms", "lesion_dice", "Dice of lesions of held-out phantoms, mean"),
    Reported(LESION, "phantoms", "lesion_f1", "lesion-wise F1 on held-out phantoms, mean"),
    Reported(LESION, "phantoms", "healthy_with_lesion_percent", "healthy phantoms with any lesion voxel, %", most=5),
)  # fmt: skip


def reported(figures: Mapping[str, Figures | None]) -> list[Figures]:
    """Set the figures that were made beside what they should be."""
    made = [(one, (figures.get(one.part) or {}).get(one.figure)) for one in REPORTED]
    return [
        {"model": one.model, "figure": one.words, "value": value, "aim": one.aim, "reached": one.reached(value)}
        for one, value in made
        if value is not None
    ]


def for_cards(rows: list[Figures]) -> dict[str, dict[str, float]]:
    """Give each model's figures by their words, as its card has them."""
    cards: dict[str, dict[str, float]] = {}
    for row in rows:
        cards.setdefault(row["model"], {})[row["figure"]] = round(float(row["value"]), 3)
    return cards
