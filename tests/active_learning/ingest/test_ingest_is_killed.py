import shutil
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.active_learning.ingest.ingest import ingest, write_ingest
from tests.active_learning.ingest.made_round import MadeRound
from tests.conftest import SHAPE
from tests.kills.dying import Death, run_apart
from tests.kills.scenario import differences, tree_of

STEMS = ("sub-1_T2w", "sub-2_T2w")


def take_in(root: Path) -> int:
    made = MadeRound(root, stems=STEMS)
    write_ingest(root / "round-001" / "ingest.tsv", ingest(made.query(), made.job()))
    return 0


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A round that was taken in before, since when one mask was corrected again and another case was put off."""
    made = MadeRound(tmp_path_factory.mktemp("template"), stems=STEMS).make()
    made.draw(made.more())
    made.draw(made.more(STEMS[1]), STEMS[1])
    take_in(made.root)
    made.draw(made.more(at=(9, 11, 8)))
    made.draw(np.zeros(SHAPE, np.uint8), STEMS[1])
    return made.root


def test_killed_before_or_after_any_rename_the_next_call_leaves_the_same_files(template: Path, tmp_path: Path) -> None:
    root = tmp_path / "run"
    shutil.copytree(template, root)
    whole = run_apart(lambda: take_in(root), root, {})
    assert whole.code == 0, whole.said
    expected = tree_of(root)
    renames = [number for number, event in enumerate(whole.events) if event.startswith("os.rename")]
    assert len(renames) == 9  # two masks set aside, a new one, two sidecars, four tables
    for event in renames:
        for after in (False, True):
            shutil.rmtree(root)
            shutil.copytree(template, root)
            assert run_apart(lambda: take_in(root), root, {}, Death(event, after=after)).code == -9
            take_in(root)
            assert not differences(expected, tree_of(root)), f"{'after' if after else 'before'} {whole.events[event]}"
