"""The cards of the models that `train-default` makes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from nnunet_ext.models.default_card import DefaultCard
from nnunet_ext.models.default_models import CORD, CORD_LESION, LOCALIZER

_CONTINUED_MM: Final = 40.0  # of 16 and 40 mm the latter was best on real images; half a patch is 48

_LESION_ABOVE: Final = 0.95
"""Probability: of injected lesions in real cords all are still found, with the same Dice (0.62 at one half, 0.63), and
what is taken for one in healthy cords shrinks to a tenth."""
_SMALLEST_MM3: Final = 10.0  # what remains of false lesions above that probability are specks

WARNING: Final = (
    "For research only. Trained on synthetic images alone: it has never seen a patient, and no voxel of a person's "
    "image or mask went into it. Look at every mask before you use it"
)

_CARDS: Final = (
    DefaultCard(LOCALIZER, "where the spinal cord is, in images of any field of view", WARNING, no_cord="empty"),
    DefaultCard(CORD, "the spinal cord", WARNING, localizer=LOCALIZER, no_cord="empty", continued_mm=_CONTINUED_MM),
    DefaultCard(
        CORD_LESION,
        "the spinal cord and its lesions, as a first guess to correct",
        WARNING,
        contrasts=("T2w", "T2starw"),
        localizer=LOCALIZER,
        no_cord="empty",
        continued_mm=_CONTINUED_MM,
        post_processing={"ThresholdOf": {"lesion": _LESION_ABOVE}, "SmallestMm3": {"lesion": _SMALLEST_MM3}},
    ),
)


def card_of(name: str, training: Mapping[str, str], figures: Mapping[str, Any]) -> DefaultCard:
    """Write the card of one model.

    Parameters
    ----------
    name
        Of the model.
    training
        How it was made.
    figures
        For each model what was measured, as `benchmarks/default_models.py --json` writes it; may lack this one.
    """
    card = next(card for card in _CARDS if card.name == name)
    return replace(card, training=dict(training), figures=dict(figures.get(name, {})))
