"""A few deaths of every verb; `benchmarks/kill_sweep.py` tries them all, and of more command lines."""

import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.kills.dying import Death, Way
from tests.kills.scenario import Scenario, prepare, run, tree_of
from tests.kills.scenarios import SCENARIOS

QUICK = (
    "env", "phantom", "inject", "convert", "convert --append", "crop-dataset", "crop-dataset --fix-plans",
    "predict --naming nnunet", "evaluate", "biomarkers", "agreement --raters", "report", "model export",
    "model verify", "model import --force", "active init",
)  # fmt: skip


@pytest.mark.parametrize("scenario", [one for one in SCENARIOS if one.name in QUICK], ids=lambda one: one.name)
def test_the_same_command_after_a_death_leaves_what_an_undisturbed_one_does(scenario: Scenario, tmp_path: Path) -> None:
    prepared = prepare(scenario, tmp_path, times=1)
    last, generator = len(prepared.events) - 1, random.Random(scenario.name)
    for deaths in (
        [Death(last, after=True)],
        [
            Death(generator.randint(0, last), way=generator.choice([Way.FULL, Way.TERMINATE, Way.INTERRUPT])),
            Death(generator.randint(0, last), after=True),
        ],
    ):
        assert prepared.faults(deaths) == [], f"{'; then '.join(map(str, deaths))}"


@pytest.mark.parametrize(
    ("verb", "other"),
    [
        ("evaluate", {"{root}/one": "{root}/two"}),
        ("biomarkers", {"{root}/one": "{root}/two"}),
        ("agreement --raters", {"{root}/one": "{root}/two"}),
        ("report", {"{root}/evaluated": "{root}/other"}),
    ],
)
def test_a_half_done_run_is_taken_over_and_a_finished_one_of_other_inputs_is_a_conflict(
    verb: str, other: dict[str, str], tmp_path: Path
) -> None:
    (scenario,) = (one for one in SCENARIOS if one.name == verb)
    prepared = prepare(scenario, tmp_path, times=1)
    if (prepared.template / "evaluated").is_dir():
        shutil.copytree(prepared.template / "evaluated", prepared.template / "other")
    another = replace(scenario, arguments=[other.get(text, text) for text in scenario.arguments])
    whole = max(number for number, event in enumerate(prepared.events) if event.startswith("os.rename"))
    prepared.renew()
    assert run(scenario, prepared.root, Death(whole)).code == -9  # before its record says that it is whole
    assert run(another, prepared.root).code == 0
    before = tree_of(prepared.root)
    assert run(scenario, prepared.root).code == 5
    assert tree_of(prepared.root) == before
