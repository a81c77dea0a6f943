from dataclasses import replace
from pathlib import Path

from nnunet_ext.active_learning.scores.models_sha256 import models_sha256
from nnunet_ext.core.provenance import sha256
from tests.cascade.prediction.tiny_model import TinyModel


def test_a_single_checkpoint_is_its_file(tmp_path: Path) -> None:
    model = TinyModel().load(tmp_path)
    assert models_sha256([model]) == sha256(tmp_path / "fold_0" / "checkpoint_final.pth")


def test_every_fold_and_every_model_counts_and_their_order_does_not(tmp_path: Path) -> None:
    folds, other = TinyModel(folds=2).load(tmp_path / "a"), TinyModel(channels=2).load(tmp_path / "b")
    one = replace(folds, folds=folds.folds[:1])
    assert models_sha256([folds, other]) == models_sha256([other, folds])
    assert len({models_sha256(models) for models in ([one], [folds], [other], [one, other], [folds, other])}) == 5
