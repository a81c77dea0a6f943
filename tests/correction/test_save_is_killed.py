import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.active_learning.ingest.words import Action
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.correction.desk import Desk
from nnunet_ext.correction.draft import Draft
from nnunet_ext.correction.drafts import DraftFile
from nnunet_ext.correction.open_case import open_case
from nnunet_ext.correction.runs import runs_of
from nnunet_ext.correction.save_case import finish_saving, was_saving
from nnunet_ext.correction.server import serve
from nnunet_ext.correction.spent import Spent
from tests.correction.made_desk import ASSETS, MadeDesk, save_on
from tests.kills.dying import Death, Ended, Way, run_apart
from tests.kills.scenario import differences, tree_of

_ENDS = re.compile(r"os\.rename |os\.remove (?!.*/\.part-)")  # what is unfinished has a name no more once it is renamed


def desk_at(root: Path) -> Desk:
    return MadeDesk(root, stems=("sub-1_T2w",)).desk


def save(root: Path, action: Action = Action.EDIT) -> int:
    made = MadeDesk(root, stems=("sub-1_T2w",))
    save_on(made.desk, made.drawn(made.more()), action, spent=Spent(60.0), comment="C3")
    return 0


def open_again(root: Path) -> None:
    desk = desk_at(root)
    if was_saving(desk, desk.cases[0]):
        finish_saving(desk, open_case(desk, desk.cases[0]))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case with a mask and marks of somebody, and a draft."""
    made = MadeDesk(tmp_path_factory.mktemp("template"), stems=("sub-1_T2w",)).make()
    write_mask(made.output(), made.mask(), np.diag([-1.0, 1.0, 2.0, 1.0]))
    write_text(made.output().with_name(made.output().name.replace(".nii.gz", ".json")), "{torn")
    write_text(made.place / "marks.tsv", "case\taction\nsub-1_T2w\treject\nsub-9_T2w\taccept\n")
    opened = open_case(made.desk, made.desk.cases[0])
    draft = Draft({region: runs_of(mask) for region, mask in made.drawn(made.more()).items()})
    DraftFile(made.desk, made.desk.cases[0]).write(draft, opened)
    return made.root


def undisturbed(template: Path, root: Path, action: Action) -> tuple[Ended, list[int]]:
    shutil.copytree(template, root)
    whole = run_apart(lambda: save(root, action), root, {})
    assert whole.code == 0, whole.said
    return whole, [n for n, event in enumerate(whole.events) if _ENDS.match(event)]


@pytest.mark.parametrize("action", [Action.EDIT, Action.DEFER])
def test_killed_before_any_rename_or_after_the_last_the_same_save_again_leaves_the_same_files(
    template: Path, tmp_path: Path, action: Action
) -> None:
    root = tmp_path / "run"
    whole, events = undisturbed(template, root, action)
    expected = tree_of(root)
    assert len(events) > 5
    for death in (*map(Death, events), Death(events[-1], after=True)):
        shutil.rmtree(root)
        shutil.copytree(template, root)
        assert run_apart(lambda: save(root, action), root, {}, death).code == -9
        save(root, action)
        assert not differences(expected, tree_of(root)), f"{death}: {whole.events[death.event]}"


def test_killed_once_it_was_settled_opening_the_case_again_finishes_the_save(template: Path, tmp_path: Path) -> None:
    root = tmp_path / "run"
    whole, events = undisturbed(template, root, Action.EDIT)
    expected = tree_of(root)
    settled = next(n for n in events if "/saving/" in whole.events[n])
    for event in events[events.index(settled) + 1 :]:
        shutil.rmtree(root)
        shutil.copytree(template, root)
        assert run_apart(lambda: save(root), root, {}, Death(event)).code == -9
        open_again(root)
        assert not differences(expected, tree_of(root)), f"before {whole.events[event]}"


def test_killed_once_it_was_settled_the_next_server_finishes_the_save(template: Path, tmp_path: Path) -> None:
    root = tmp_path / "run"
    whole, events = undisturbed(template, root, Action.EDIT)
    expected = tree_of(root)
    settled = next(n for n in events if "/saving/" in whole.events[n])
    shutil.rmtree(root)
    shutil.copytree(template, root)
    assert run_apart(lambda: save(root), root, {}, Death(settled, after=True)).code == -9
    with serve(desk_at(root), ASSETS):
        found = {name: what for name, what in tree_of(root).items() if "/held" not in name}
    assert not differences(expected, found)


def test_on_a_full_disk_nothing_is_lost_and_the_same_save_again_leaves_the_same_files(
    template: Path, tmp_path: Path
) -> None:
    root = tmp_path / "run"
    whole, events = undisturbed(template, root, Action.EDIT)
    expected = tree_of(root)
    for event in events[:-3:3]:
        shutil.rmtree(root)
        shutil.copytree(template, root)
        full = run_apart(lambda: save(root), root, {}, Death(event, way=Way.FULL))
        assert full.code == 1
        assert "File too large" in full.said
        save(root)
        assert not differences(expected, tree_of(root)), f"full before {whole.events[event]}"


def test_killed_before_it_was_settled_the_draft_is_still_there(template: Path, tmp_path: Path) -> None:
    root = tmp_path / "run"
    whole, events = undisturbed(template, root, Action.EDIT)
    settled = next(n for n in events if "/saving/" in whole.events[n])
    shutil.rmtree(root)
    shutil.copytree(template, root)
    assert run_apart(lambda: save(root), root, {}, Death(settled)).code == -9
    open_again(root)
    desk = desk_at(root)
    assert DraftFile(desk, desk.cases[0]).exists()
    assert (root / "desk" / "marks.tsv").read_bytes() == (template / "desk" / "marks.tsv").read_bytes()


def test_a_torn_record_of_a_save_is_set_aside_by_name(tmp_path: Path) -> None:
    made = MadeDesk(tmp_path, stems=("sub-1_T2w",)).make()
    save_on(made.desk, made.drawn(), Action.ACCEPT)
    (last,) = (made.desk.hidden / "last").iterdir()
    record = made.desk.hidden / "saving" / last.name
    write_text(record, '{"action": "edit", "masks"')
    open_again(tmp_path)
    assert not record.exists()
    assert [path.name.partition("_")[2] for path in made.desk.superseded.iterdir()] == [record.name]
