"""Default models with the weights of chance, as a test makes them where it needs them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from nnunet_ext.models.default_card import DefaultCard, write_card
from tests.cascade.prediction.tiny_model import TinyModel

FACES = ("superior", "inferior", "left", "right", "anterior", "posterior")
WARNING = "Research use, synthetic training only"
_PLAIN: Mapping[str, Any] = {"labels": {"background": 0, "sc": 1, "ignore": 2}}
_NESTED: Mapping[str, Any] = {
    "labels": {"background": 0, "sc": [1, 2], "lesion": 2, "ignore": 3},
    "regions_class_order": [1, 2],
}
_CARDS = {
    "cord-localizer": DefaultCard("cord-localizer", "the spinal cord, coarsely", WARNING),
    "cord": DefaultCard("cord", "the spinal cord", WARNING, localizer="cord-localizer", figures={"Dice": 0.93}),
    "cord-lesion": DefaultCard(
        "cord-lesion", "cord and lesions", WARNING, contrasts=("T2w", "T2starw"), localizer="cord-localizer"
    ),
}


def make_default_models(place: Path, **changed: DefaultCard) -> Path:
    """Write the three of them below a folder, some with another card, and give the folder."""
    for name, card in _CARDS.items():
        boxed = {"crop": {"margins_mm": dict.fromkeys(FACES, 3.0)}} if card.localizer else {}
        labels = _NESTED if name == "cord-lesion" else _PLAIN
        dataset = {"channel_names": {"0": "MRI"}, "image_axes_nibabel": "LAS", **boxed}
        model = TinyModel(labels=labels, dataset=dataset, spacing=(2.0, 1.0, 1.0), mirrored=None)
        folder = model.write(place / name)
        (folder / "fold_0").rename(folder / "fold_all")
        _halve(folder / "fold_all" / "checkpoint_final.pth")
        write_card(folder, changed.get(name.replace("-", "_"), card))
    return place


def default_card(name: str) -> DefaultCard:
    return _CARDS[name]


def _halve(checkpoint: Path) -> None:
    content = torch.load(checkpoint, weights_only=True)
    content["network_weights"] = {name: tensor.half() for name, tensor in content["network_weights"].items()}
    torch.save(content, checkpoint)
