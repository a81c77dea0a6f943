from pathlib import Path

import torch

from nnunet_ext.core.model_name import STOCK_TRAINER
from nnunet_ext.models.default_card import DefaultCard, read_card
from nnunet_ext.models.load import load_model
from nnunet_ext.models.ship import ship_model
from tests.cascade.prediction.tiny_model import TinyModel

CARD = DefaultCard("cord", "the spinal cord", "Made up")


def test_the_folds_of_a_recipe_are_shipped_in_half_precision_and_others_are_taken_away(tmp_path: Path) -> None:
    trained = TinyModel(folds=3, mirrored=(2,)).write(tmp_path / "trained")
    folder = tmp_path / "shipped"
    ship_model(trained, folder, CARD, ["0", "2"], mirror=True)
    loaded = load_model(folder)
    assert [fold.name for fold in loaded.folds] == ["0", "2"]
    assert (loaded.trainer, loaded.mirroring_axes) == (STOCK_TRAINER, (2,))
    for fold, original in zip(loaded.folds, load_model(trained, ("0", "2")).folds, strict=True):
        for name, weights in fold.weights.items():
            assert weights.dtype is torch.float16
            torch.testing.assert_close(weights, original.weights[name].half())
    ship_model(trained, folder, CARD, ["2"], mirror=False)
    card = read_card(folder)
    assert card is not None
    assert sorted(card.files) == ["dataset.json", "fold_2/checkpoint_final.pth", "plans.json"]
    assert not (folder / "fold_0").exists()
    assert load_model(folder).mirroring_axes is None
