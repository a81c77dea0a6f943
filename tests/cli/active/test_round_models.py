from pathlib import Path

from nnunet_ext.active_learning.settings import read_settings
from nnunet_ext.cli.active.round_models import RoundModels
from tests.active_learning.loop import Loop
from tests.active_learning.trained_loop import write_first_model


def test_what_found_the_cord_for_the_first_model_finds_it_for_those_that_are_trained_from_it(tmp_path: Path) -> None:
    loop = Loop(tmp_path).write().with_networks()
    code, said = loop.init()
    assert code == 0, said
    write_first_model(loop.rounds.round(1).model)
    settings = read_settings(loop.rounds.settings)
    with loop.environment():
        (trained,) = RoundModels.of_round(loop.rounds, 2, settings, "cpu").chosen
    assert trained.card is None
    assert trained.localizer is not None
    assert trained.localizer.name == "cord-localizer"
