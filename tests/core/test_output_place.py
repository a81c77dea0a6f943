import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnunet_ext.core.atomic import atomic_path
from nnunet_ext.core.errors import ConflictError, UsageError
from nnunet_ext.core.output_place import OutputPlace

NAMES = st.sets(st.sampled_from(["a.tsv", "b.tsv", "below/c.tsv", "below/d.svg", "e.html"]))


def place(out: Path, **changes: object) -> OutputPlace:
    return OutputPlace(**{"folder": out, "verb": "measure", "title": "Measures", **changes})  # type: ignore[arg-type]


def write(out: Path, *names: str, text: str = "ours") -> None:
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text)


def run(out: Path, *names: str, **changes: object) -> None:
    """Do what a verb does."""
    claimed = place(out, **changes)
    claimed.refuse_taken()
    claimed.begin(names)
    write(out, *names)
    claimed.finish()


def test_a_new_folder_an_empty_one_and_one_of_hidden_files_are_taken(tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / ".DS_Store").write_text("")
    (tmp_path / "empty").mkdir()
    for name in ("new", "empty", "hidden"):
        run(tmp_path / name, "a.tsv")
        said = json.loads((tmp_path / name / "dataset_description.json").read_text())
        assert (said["GeneratedBy"][0]["Name"], said["DatasetType"]) == ("nnunet_ext", "derivative")


@pytest.mark.parametrize("record", [None, "[]", "{}", '{"nnunet_ext": 1}', '{"nnunet_ext": {"verb": "measure"}}', "{"])
def test_a_folder_without_a_record_of_ours_is_refused_even_with_force(
    tmp_path: Path, tree_hash: Callable[[Path], str], record: str | None
) -> None:
    write(tmp_path, "a.tsv", "biomarkers.tsv", "x_instances_dseg.nii.gz", text="mine")
    if record is not None:
        write(tmp_path, "dataset_description.json", text=record)
    before = tree_hash(tmp_path)
    with pytest.raises(ConflictError, match=r"a\.tsv.*choose another folder"):
        run(tmp_path, "a.tsv", force=True)
    assert tree_hash(tmp_path) == before


def test_what_another_verb_left_is_refused_even_with_force(tmp_path: Path) -> None:
    run(tmp_path, "a.tsv", verb="score")
    with pytest.raises(ConflictError, match="nnunet_ext measure left"):
        run(tmp_path, "a.tsv", force=True)


@pytest.mark.parametrize("out", ["mask.nii.gz", "mask.NII", "file"])
def test_a_file_is_no_folder(tmp_path: Path, out: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="a folder was needed"):
        place(tmp_path / out).refuse_taken()


def test_a_complete_run_of_other_inputs_is_replaced_on_request_only(
    tmp_path: Path, tree_hash: Callable[[Path], str]
) -> None:
    out, mine, theirs = tmp_path / "out", {"inputs": (tmp_path / "a",)}, {"inputs": (tmp_path / "b",)}
    run(out, "a.tsv", settings=mine)
    before = tree_hash(out)
    assert "../a" in (out / "dataset_description.json").read_text()
    run(out, "a.tsv", settings=mine)
    assert tree_hash(out) == before
    with pytest.raises(ConflictError, match="other inputs.*--force"):
        run(out, "a.tsv", settings=theirs)
    assert tree_hash(out) == before
    run(out, "a.tsv", settings=theirs, force=True)


def test_what_a_killed_run_left_unfinished_goes_and_what_is_being_written_stays(tmp_path: Path) -> None:
    run(tmp_path, "a.tsv")
    write(tmp_path, ".part-0.tsv", "below/.part-1.nii.gz", "below/mine.part-2", text="half")
    with atomic_path(tmp_path / "below" / "other.tsv") as other:
        other.write_text("half")
        run(tmp_path, "a.tsv")
        assert {path.name for path in (tmp_path / "below").iterdir()} == {other.name, "mine.part-2"}
    assert not (tmp_path / ".part-0.tsv").exists()
    assert (tmp_path / "below" / "other.tsv").read_text() == "half"


def test_an_interrupted_run_is_taken_over(tmp_path: Path) -> None:
    place(tmp_path).begin(["a.tsv", "b.tsv"])
    write(tmp_path, "a.tsv")
    run(tmp_path, "b.tsv")
    assert sorted(file.name for file in tmp_path.glob("[!.]*")) == ["b.tsv", "dataset_description.json"]
    (tmp_path / "b.tsv").unlink()
    run(tmp_path, "a.tsv")


def test_the_same_settings_go_on_and_others_are_named(tmp_path: Path) -> None:
    run(tmp_path, "a.tsv", settings={"preset": "one", "mm": 1.0})
    run(tmp_path, "a.tsv", settings={"preset": "one", "mm": 1.0})
    with pytest.raises(ConflictError, match="other preset;"):
        run(tmp_path, "a.tsv", settings={"preset": "two", "mm": 1.0})
    run(tmp_path, "a.tsv", settings={"preset": "two", "mm": 1.0}, force=True)


def test_a_run_is_not_made_again_over_a_file_that_somebody_changed(tmp_path: Path) -> None:
    run(tmp_path, "a.tsv", "b.tsv", settings={})
    (tmp_path / "b.tsv").write_text("mine")
    with pytest.raises(ConflictError, match=r"b\.tsv was changed"):
        run(tmp_path, "a.tsv", "b.tsv", settings={})
    assert (tmp_path / "b.tsv").read_text() == "mine"
    run(tmp_path, "a.tsv", "b.tsv", settings={}, force=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=NAMES, second=NAMES, theirs=NAMES)
def test_replacing_deletes_the_recorded_files_and_never_another_s(
    tmp_path_factory: pytest.TempPathFactory, first: set[str], second: set[str], theirs: set[str]
) -> None:
    out = tmp_path_factory.mktemp("out")
    run(out, *first)
    run(out / "below" / "nested", *first)
    strangers = theirs - first
    write(out, *strangers, text="mine")
    if strangers & second:
        with pytest.raises(ConflictError, match="no earlier run"):
            run(out, *second, force=True)
        assert all((out / name).read_text() == "ours" for name in first)
    else:
        run(out, *second, force=True)
        assert not any((out / name).exists() for name in first - second - strangers)
    assert all((out / name).read_text() == "mine" for name in strangers)
    assert all((out / "below" / "nested" / name).read_text() == "ours" for name in first)


def test_a_record_that_names_files_elsewhere_is_not_trusted(tmp_path: Path) -> None:
    out, mine = tmp_path / "out", tmp_path / "mine.txt"
    mine.write_text("mine")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "x.txt").write_text("mine")
    run(out, "a.tsv")
    (out / "link").symlink_to(tmp_path / "theirs")
    for name in ("../mine.txt", str(mine), "link/x.txt"):
        content = json.loads((out / "dataset_description.json").read_text())
        content["nnunet_ext"]["files"] = {name: ""}
        (out / "dataset_description.json").write_text(json.dumps(content))
        with pytest.raises(ConflictError):
            run(out, "a.tsv", force=True)
    assert (mine.read_text(), (tmp_path / "theirs" / "x.txt").read_text()) == ("mine", "mine")


@pytest.mark.parametrize(
    ("out", "derivatives", "taken"),
    [
        ("beside", False, True),
        ("in2", False, True),
        ("in", False, False),
        ("in/below", False, False),
        ("link/below", False, False),
        ("in/derivatives/mine", False, False),
        ("in/derivatives/mine", True, True),
        ("in/derivatives/mine/deeper", True, True),
        ("in/derivatives", True, False),
        ("in/mine", True, False),
    ],
)
def test_an_input_is_only_ever_read(tmp_path: Path, out: str, derivatives: bool, taken: bool) -> None:
    (tmp_path / "in" / "derivatives").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "in")
    claimed = place(tmp_path / out)
    if taken:
        claimed.refuse_inputs([tmp_path / "in"], derivatives=derivatives)
    else:
        with pytest.raises(UsageError, match="only ever read"):
            claimed.refuse_inputs([tmp_path / "in"], derivatives=derivatives)
