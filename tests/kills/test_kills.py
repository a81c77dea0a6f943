"""A few deaths of every verb; `benchmarks/kill_sweep.py` tries them all."""

import random
from pathlib import Path

import pytest

from tests.kills.dying import Death, Way
from tests.kills.scenario import Scenario, prepare
from tests.kills.scenarios import SCENARIOS


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_same_command_after_a_death_leaves_what_an_undisturbed_one_does(scenario: Scenario, tmp_path: Path) -> None:
    prepared = prepare(scenario, tmp_path)
    last, generator = len(prepared.events) - 1, random.Random(scenario.name)
    for deaths in (
        [Death(last, after=True)],
        [Death(generator.randint(0, last)), Death(generator.randint(0, last), after=True)],
        [Death(generator.randint(0, last), way=generator.choice([Way.INTERRUPT, Way.TERMINATE]))],
        [Death(generator.randint(0, last), way=Way.FULL)],
    ):
        assert prepared.faults(deaths) == [], f"{'; then '.join(map(str, deaths))}"
