"""What a query can be asked for by name."""

from collections.abc import Mapping
from typing import Final

BASELINE: Final = "foreground-random"
"""What every other strategy has to beat: good random is hard to beat (arXiv 2511.19183)."""

STRATEGIES: Final[Mapping[str, str]] = {
    "strata": "shares of lesions in doubt, of cords in doubt, of cases at random, and of those apparently healthy",
    BASELINE: "at random, half among cases with a predicted lesion and half among those with a predicted cord",
    "random": "at random among all cases",
    "entropy": "where the model is least sure (predictive entropy)",
    "bald": "where its folds or views contradict each other (mutual information)",
    "power-bald": "bald, drawn by odds instead of cut off at the top",
    "disagreement": "where the masks of its folds or views overlap least (1 - mean pairwise Dice)",
    "claspe": "ClaSP PE: two thirds by each region's own entropy, the rest by entropy, less random in each round",
}
"""Name to what it does, in words for a help text."""

STRATA: Final = ("lesion", "cord", "random", "healthy")
"""What the strategy `strata` draws from, in this order."""
