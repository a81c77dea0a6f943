from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from nnunet_ext.active_learning.curves.curves_table import read_curves
from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.round_state import QUERIED
from nnunet_ext.active_learning.simulate.correct import correct
from nnunet_ext.active_learning.simulate.known_labels import KnownLabels
from nnunet_ext.active_learning.simulate.layout import Simulation
from nnunet_ext.cli.active import simulated_run
from nnunet_ext.cli.demo.nnunet_process import NnunetProcess
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import read_table
from tests.active_learning.loop import DATASET, Loop
from tests.active_learning.trained_loop import SETTINGS, quick_nnunet
from tests.nnunet_server import ONE_PROCESS
from tests.tiny_configuration import add_tiny_configuration

BASELINE, OTHER = "foreground-random", "entropy"


@dataclass(frozen=True)
class Simulated:
    """A simulation of one round by two strategies, interrupted in the second loop, and gone on with."""

    loop: Loop
    interrupted: int
    seen: Mapping[str, int]
    code: int
    said: str

    @property
    def made(self) -> Simulation:
        return Simulation(self.loop.root / "simulated")


def simulate(loop: Loop, *arguments: object) -> tuple[int, str]:
    return loop.call(
        "active", "simulate", loop.root / "simulated", "-d", 501, "--pool", loop.geneva.root, "--localizer", "none",
        "--seeds", 5, "--strategies", OTHER, "--rounds", 1, "--epochs", 1, "-c", "tiny", "-device", "cpu",
        "--first-trainer", "nnUNetTrainerSCI_1epochs", *arguments,
    )  # fmt: skip


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    """A dataset that is planned, and a pool of three patients whose labels are known, and one whose are not."""
    with pytest.MonkeyPatch.context() as patch, quick_nnunet():
        for name, value in ONE_PROCESS.items():
            patch.setenv(name, value)
        loop = Loop(tmp_path_factory.mktemp("loop")).write().label()
        for number in range(3):
            loop.geneva.labels(f"sub-g{number}_T2w")
        loop.geneva.image("sub-g9_T2w")
        process = NnunetProcess(loop.root / "nnunet", loop.root / "log.txt", 1)
        process.run("nnUNetv2_plan_and_preprocess", ["-d", "501", "-c", "3d_fullres", "-np", "1", "-npfp", "1"], print)
        add_tiny_configuration(loop.root / "nnunet" / "preprocessed" / DATASET / "nnUNetPlans.json", SETTINGS)
        yield loop


@pytest.fixture(scope="module")
def simulated(prepared: Loop) -> Simulated:
    made = Simulation(prepared.root / "simulated")

    def interrupt(to_correct: Path, known: KnownLabels) -> None:
        if OTHER in str(to_correct):
            raise KeyboardInterrupt
        correct(to_correct, known)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulated_run, "correct", interrupt)
        interrupted, _ = simulate(prepared, "--budget", 2)
    seen = {str(file): file.stat().st_mtime_ns for file in made.root.rglob("checkpoint_final.pth")}
    return Simulated(prepared, interrupted, seen, *simulate(prepared, "--budget", 2))


def test_what_was_done_before_an_interruption_is_not_done_again(simulated: Simulated) -> None:
    assert simulated.interrupted == 130
    assert simulated.code == 0, simulated.said
    assert any("round-001" in file and BASELINE in file for file in simulated.seen)
    for file, when in simulated.seen.items():
        assert Path(file).stat().st_mtime_ns == when
    assert "seed 5, foreground-random: 1 rounds, done before" in simulated.said
    for strategy in (BASELINE, OTHER):
        entries = Journal(simulated.made.run(strategy, 5).rounds.journal).entries()
        assert [entry.event for entry in entries].count(QUERIED) == 1


def test_all_strategies_start_from_the_same_model_and_are_drawn_against_the_same_budget(simulated: Simulated) -> None:
    firsts = {
        sha256(file)
        for strategy in (BASELINE, OTHER)
        for file in (simulated.made.run(strategy, 5).nnunet / "results").rglob("checkpoint_final.pth")
    }
    assert len(firsts) == 1
    points = [point for point in read_curves(simulated.made.curves) if point.metric == "dice"]
    assert {(point.round_number, point.budget) for point in points} == {(0, 0), (1, 2)}
    assert {point.region for point in points} == {"sc", "lesion"}
    first = {(point.strategy, point.region): point.value for point in points if not point.round_number}
    for region in ("sc", "lesion"):
        assert first[BASELINE, region] == first[OTHER, region]


def test_the_first_model_is_scored_once_for_all_strategies_of_a_seed(simulated: Simulated) -> None:
    one, other = (simulated.made.run(strategy, 5).rounds for strategy in (BASELINE, OTHER))
    for first, second in (
        (one.round(1).scores, other.round(1).scores),
        (one.round(0).test_scores, other.round(0).test_scores),
    ):
        assert second.read_bytes() == first.read_bytes()
    assert not other.round(0).tested.exists()


def test_nobody_is_asked_for_an_image_whose_labels_are_not_known(simulated: Simulated) -> None:
    for strategy in (BASELINE, OTHER):
        rounds = simulated.made.run(strategy, 5).rounds
        assert "geneva_sub-g9_T2w" in rounds.pool.read_text()
        asked = {row["case"] for row in read_table(rounds.round(1).query)}
        assert len(asked) == 2
        assert asked <= {f"geneva_sub-g{number}_T2w" for number in range(3)}


def test_effort_stands_beside_dice_and_one_seed_proves_nothing(simulated: Simulated) -> None:
    made = simulated.made
    rows = {row["strategy"]: row for row in read_table(made.effort)}
    for strategy, row in rows.items():
        taken = read_table(made.run(strategy, 5).rounds.round(1).ingest)
        assert int(row["voxels_changed"]) == sum(int(one["voxels_changed"]) for one in taken) > 0
        assert int(row["budget"]) == int(row["edit"]) + int(row["accept"]) == 2
    assert [row["significance"] for row in read_table(made.areas)] == ["baseline", "not tested"]
    sentences = made.verdict.read_text().splitlines()
    assert sentences[-1] == f"No strategy is significantly better than {BASELINE}: use {BASELINE}."
    assert all(sentence in simulated.said for sentence in sentences)
    assert "voxels changed" in simulated.said
    assert made.plot.read_bytes().startswith(b"<?xml")


def test_another_budget_is_another_simulation(simulated: Simulated) -> None:
    code, said = simulate(simulated.loop, "--budget", 1)
    assert code == 5, said
    assert "budget" in said


def test_a_pool_with_too_few_labels_is_refused_before_anything_is_trained(prepared: Loop) -> None:
    code, said = simulate(prepared, "--budget", 4)
    assert code == 3, said
    assert "need 4 images with all their labels in the pool, found 3 of 4" in said


def test_a_dataset_to_start_from_is_needed(prepared: Loop) -> None:
    code, said = prepared.call("active", "simulate", prepared.root / "other", "--pool", prepared.geneva.root)
    assert code == 2, said
    assert "-d ID" in said
