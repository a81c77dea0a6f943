import json
import multiprocessing
import os
import shutil
import signal
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from nnunet_ext.cli.main import main
from nnunet_ext.models.install import install_model
from tests.models.conftest import DATASET, MODEL, SHARED, changed, content

TreeHash = Callable[[Path], str]


def models(results: Path) -> list[str]:
    """What nnU-Net, which passes over hidden names, finds in its results folder."""
    return sorted(
        str(path.relative_to(results))
        for path in results.rglob("*")
        if path.is_file() and not path.relative_to(results).parts[0].startswith(".")
    )


def expected(archive: Path) -> list[str]:
    return sorted(name for name in content(archive) if not name.endswith("debug.json"))


def test_our_zip_is_installed_file_by_file(exported: Path, results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "import", str(exported)]) == 0
    assert models(results) == expected(exported)
    assert all((results / name).read_bytes() == data for name, data in content(exported).items())
    told = capsys.readouterr().out
    assert "installed in" in told
    assert "every file is as it says" in told


def test_a_zip_of_nnunets_own_is_installed_and_what_is_missing_is_said(
    stock_zip: Path, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "import", str(stock_zip)]) == 0
    assert models(results) == expected(stock_zip)
    told = capsys.readouterr()
    assert "an export of nnU-Net's own, origin unknown" in told.out
    assert f"left out, as prediction does not need it: {MODEL}/fold_0/debug.json" in told.err


def test_verify_says_what_is_in_it_and_installs_nothing(
    exported: Path, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "verify", str(exported), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["models"]
    assert told["model"] == SHARED
    assert told["trained with"] == "nnUNetTrainerSCI_1epochs"
    assert told["labels"][:3] == ["background 0", "sc [1, 2]", "lesion 2"]
    assert not results.exists()


def test_a_model_that_stands_there_is_replaced_only_on_request(
    exported: Path, results: Path, tree_hash: TreeHash, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "import", str(exported)]) == 0
    before = tree_hash(results)
    assert main(["model", "import", str(exported)]) == 0
    assert tree_hash(results) == before
    (results / SHARED / "mine.txt").write_text("notes")
    before = tree_hash(results)
    assert main(["model", "import", str(exported)]) == 5
    assert "--force" in capsys.readouterr().err
    assert tree_hash(results) == before
    assert main(["model", "import", str(exported), "--force"]) == 0
    assert models(results) == expected(exported)


def test_a_model_that_was_trained_here_is_never_replaced(
    exported: Path, results: Path, tree_hash: TreeHash, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "import", str(exported)]) == 0
    (results / SHARED / "fold_0" / "training_log_2026_1_1_00_00_00.txt").write_text("Epoch 0")
    before = tree_hash(results)
    for more in ([], ["--force"]):
        assert main(["model", "import", str(exported), *more]) == 5
        assert "was trained here" in capsys.readouterr().err
    assert tree_hash(results) == before


def test_another_model_of_the_dataset_stays(exported: Path, stock_zip: Path, results: Path) -> None:
    for archive in (exported, stock_zip):
        assert main(["model", "import", str(archive)]) == 0
    assert models(results) == sorted([*expected(exported), *expected(stock_zip)])


@pytest.mark.parametrize("variable", ["nnUNet_results", "nnUNet_raw", "nnUNet_preprocessed"])
def test_a_number_that_means_another_dataset_is_a_conflict(
    exported: Path, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    folder = results if variable == "nnUNet_results" else tmp_path / variable
    (folder / "Dataset007_Mine").mkdir(parents=True)
    monkeypatch.setenv(variable, str(folder))
    assert main(["model", "import", str(exported)]) == 5
    assert not (results / DATASET).exists()
    assert main(["model", "import", str(exported), "--force"]) == 0


def test_without_a_results_folder_it_is_an_environment_problem(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("nnUNet_results", raising=False)
    assert main(["model", "import", str(exported)]) == 4


def test_two_imports_at_once_do_not_mix(exported: Path, results: Path) -> None:
    results.mkdir()
    with FileLock(results / ".nnunet_ext-import.lock"):
        assert main(["model", "import", str(exported)]) == 5
    assert main(["model", "import", str(exported)]) == 0


@pytest.mark.parametrize("action", ["import", "verify"])
def test_a_zip_that_is_not_there_is_a_usage_error(results: Path, tmp_path: Path, action: str) -> None:
    assert main(["model", action, str(tmp_path / "nowhere.zip")]) == 2


def evil_pickle(marker: Path) -> bytes:
    from tests.core.test_read_checkpoint import RunsWhenUnpickled, saved, sound

    return saved(marker.with_name("evil.pth"), sound(logging=RunsWhenUnpickled(marker))).read_bytes()


def edited(data: bytes, **changes: object) -> bytes:
    return json.dumps({**json.loads(data), **changes}).encode()


def attacks(base: dict[str, bytes], model: str, marker: Path) -> dict[str, dict[str, bytes | None]]:
    plans = f"{model}/plans.json"
    system = json.loads(base[plans])
    system["configurations"]["tiny"]["architecture"]["network_class_name"] = "os.system"
    argument = json.loads(base[plans])
    argument["configurations"]["tiny"]["architecture"]["arch_kwargs"]["nonlin"] = "posix.system"
    argument["configurations"]["tiny"]["architecture"]["arch_kwargs"]["nonlin_kwargs"] = {"command": f"touch {marker}"}
    return {
        "a checkpoint that runs code": {f"{model}/fold_0/checkpoint_final.pth": evil_pickle(marker)},
        "a second checkpoint that runs code": {f"{model}/fold_0/checkpoint_best.pth": evil_pickle(marker)},
        "a name that leads out": {"../evil.json": b"{}"},
        "a trainer as code": {f"{model}/trainer_class.py": b"import os"},
        "a plan that names os.system": {plans: json.dumps(system).encode()},
        "an argument that names posix.system": {plans: json.dumps(argument).encode()},
        "a label that leads out": {f"{model}/dataset.json": edited(base[f"{model}/dataset.json"], labels={"../x": 1})},
        "no plans": {plans: None},
        "no checkpoint": {f"{model}/fold_0/checkpoint_final.pth": None},
        "plans that are none": {plans: b"[" * 100_000},
        "a key twice": {plans: b'{"configurations": {}, "configurations": {}}'},
    }


@pytest.mark.parametrize("number", range(11))
@pytest.mark.parametrize("ours", [False, True])
def test_nothing_unsafe_is_installed_and_nothing_of_it_runs(
    exported: Path,
    stock_zip: Path,
    results: Path,
    tmp_path: Path,
    tree_hash: TreeHash,
    capsys: pytest.CaptureFixture[str],
    ours: bool,
    number: int,
) -> None:
    archive, model = (exported, SHARED) if ours else (stock_zip, MODEL)
    (results / DATASET / "mine").mkdir(parents=True)
    (results / DATASET / "mine" / "plans.json").write_text("{}")
    before = tree_hash(results / DATASET)
    marker = tmp_path / "it ran"
    changes = list(attacks(content(archive), model, marker).values())[number]
    crafted = changed(archive, tmp_path / "crafted.zip", changes)
    assert main(["model", "verify", str(crafted)]) == 6
    assert main(["model", "import", str(crafted), "--force"]) == 6
    assert "crafted.zip" in capsys.readouterr().err
    assert not marker.exists()
    assert tree_hash(results / DATASET) == before
    assert sorted(path.name for path in results.iterdir()) == [".nnunet_ext-import.lock", DATASET]
    assert not (tmp_path / "evil.json").exists()


def test_the_list_of_attacks_is_complete(stock_zip: Path, tmp_path: Path) -> None:
    assert len(attacks(content(stock_zip), MODEL, tmp_path / "x")) == 11


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data.replace(b'"RPI"', b'"LPI"'), "is not the file"),
        (lambda data: data + b" ", "is not the file"),
        (lambda _: None, "lists other files"),
    ],
)
def test_a_file_that_is_not_as_the_manifest_says_is_refused(
    exported: Path,
    results: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[bytes], bytes | None],
    reason: str,
) -> None:
    name = f"{SHARED}/dataset.json"
    tampered = changed(exported, tmp_path / "tampered.zip", {name: change(content(exported)[name])})
    assert main(["model", "import", str(tampered)]) == 6
    told = capsys.readouterr().err
    assert reason in told or "was needed and is missing" in told


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"manifest.json": None}, "manifest.json is missing"),
        ({"fold_0/progress.png": b"png"}, "lists other files"),
        ({"fold_0/debug.json": b"{}"}, "lists other files"),
        ({"manifest.json": b'{"schema": "nnunet_ext/model", "schema_version": 99}'}, "a newer nnunet_ext may read it"),
        ({"manifest.json": b"[]"}, "a JSON object was needed"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    exported: Path,
    results: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, bytes | None],
    reason: str,
) -> None:
    entries = {f"{SHARED}/{name}": data for name, data in changes.items()}
    assert main(["model", "import", str(changed(exported, tmp_path / "odd.zip", entries))]) == 6
    assert reason in capsys.readouterr().err
    assert models(results) == []


@pytest.mark.parametrize("missing", [1, 1000, 15_000, 50_000])
def test_a_truncated_zip_is_damaged_data(exported: Path, results: Path, tmp_path: Path, missing: int) -> None:
    cut = tmp_path / "cut.zip"  # the checkpoint in it is a zip itself, and zipfile would take that one's end
    cut.write_bytes(exported.read_bytes()[:-missing])
    assert main(["model", "import", str(cut)]) == 3
    assert models(results) == []


def _killed_at_rename(number: int, archive: Path, results: Path) -> None:
    """Install with --force in this process, which dies as SIGKILL would have it just before its n-th rename."""
    rename, done = Path.replace, list[Path]()

    def dies(self: Path, target: Path) -> Path:
        if len(done) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        done.append(target)
        return rename(self, target)

    Path.replace = dies  # type: ignore[assignment, method-assign]  # the death of this process only
    try:
        install_model(archive, results, force=True)
    finally:
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_killed_at_any_rename_it_leaves_no_half_model_and_the_next_call_tidies_up(
    exported: Path, results: Path, tree_hash: TreeHash, number: int
) -> None:
    install_model(exported, results)
    new = tree_hash(results / SHARED)
    (results / SHARED / "plans.json").write_text("{}")  # the old model, to be told from the new one
    old = tree_hash(results / SHARED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking where torch has started threads
        worker = multiprocessing.get_context("fork").Process(target=_killed_at_rename, args=(number, exported, results))
        worker.start()
        worker.join(60)
    assert worker.exitcode == -signal.SIGKILL
    assert (tree_hash(results / SHARED) if (results / SHARED).exists() else "none") in {
        0: {old}, 1: {"none"}, 2: {new},
    }[number]  # fmt: skip
    nothing = results.parent / "nothing.zip"
    nothing.write_bytes(b"")
    assert main(["model", "import", str(nothing)]) == 3  # even a call that fails tidies up
    assert tree_hash(results / SHARED) == (new if number == 2 else old)
    assert sorted(path.name for path in results.iterdir()) == [".nnunet_ext-import.lock", DATASET]


def test_a_failing_rename_puts_the_old_model_back(
    exported: Path, results: Path, tree_hash: TreeHash, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_model(exported, results)
    (results / SHARED / "mine.txt").write_text("notes")
    before = tree_hash(results / DATASET)
    rename = Path.replace

    def fails(self: Path, target: Path) -> Path:
        if ".nnunet_ext-import" in str(self):
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", fails)
    assert main(["model", "import", str(exported), "--force"]) == 4
    assert tree_hash(results / DATASET) == before


def test_an_interrupted_quarantine_is_swept(exported: Path, results: Path) -> None:
    leftover = results / ".nnunet_ext-import" / "half"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("half")
    install_model(exported, results)
    assert not leftover.exists()
    shutil.rmtree(results / DATASET)
    assert models(results) == []
