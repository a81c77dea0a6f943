"""A few of the files that `benchmarks/fuzz_tables.py` spoils, so that what it found stays mended."""

import random
import shutil
from pathlib import Path

import pytest

from nnunet_ext.cli.main import main
from tests.fuzz.run_spoiled import run_spoiled
from tests.fuzz.scene import Scene, nnunet_folders
from tests.fuzz.scenes import write_scenes

SLOW = {"report", "agreement", "metrics"}
"""Scenes whose command draws pictures: fewer of them."""


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> dict[Scene, Path]:
    return write_scenes(tmp_path_factory.mktemp("scenes"), with_model=False)


def test_every_scene_is_done_as_long_as_nothing_is_spoiled(
    scenes: dict[Scene, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for scene, root in scenes.items():
        if scene.name not in SLOW:
            work = shutil.copytree(root, tmp_path / scene.name)
            monkeypatch.chdir(work)
            with nnunet_folders(work):
                assert main([part.replace("{root}", str(work)) for part in scene.arguments]) == 0, scene.name


def test_no_spoiled_table_or_settings_file_ends_in_a_traceback(scenes: dict[Scene, Path], tmp_path: Path) -> None:
    faults = {}
    for seed in range(100):
        scene = list(scenes)[seed % len(scenes)]
        if scene.name in SLOW and seed >= len(scenes):
            continue
        ending = run_spoiled(scene, scenes[scene], tmp_path / "work", random.Random(seed))
        if ending.fault:
            faults[f"seed {seed}: {ending.what}"] = ending.fault
    assert not faults
