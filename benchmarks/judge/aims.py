"""What the figures should be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Aim:
    """One figure of one part, and the least or the most that it should be."""

    part: str
    figure: str
    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        return f"at least {self.least:g}" if self.least is not None else f"at most {self.most:g}"

    def reached(self, value: float) -> bool:
        """Tell whether a figure is good enough; one that is no number never is."""
        return value >= self.least if self.least is not None else self.most is not None and value <= self.most


AIMS = (
    Aim("cord", "median_dice", least=0.92),
    Aim("cord", "worst_dice", least=0.87),
    Aim("box", "lost_voxels", most=0),
    Aim("box", "localisation_rate_percent", least=100),
    Aim("rescans", "median_cov_percent", most=2),
    Aim("cordless", "voxels_of_cord", most=0),
    Aim("speed", "seconds", most=15),
    Aim("speed", "peak_memory_gib", most=2),
    Aim("speed", "import_and_load_seconds", most=4),
    Aim("injected", "sensitivity_above_100_mm3", least=0.8),
    Aim("injected", "lesion_dice", least=0.6),
    Aim("phantoms", "healthy_with_lesion_percent", most=5),
)
