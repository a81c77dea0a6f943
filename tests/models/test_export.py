import getpass
import io
import json
import re
import shutil
import socket
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.models.export import builds_stock_network
from nnunet_ext.models.json_files import FACES, crop_metadata
from nnunet_ext.models.model_card import escaped
from nnunet_ext.models.shareable import refuse_private
from tests.models.conftest import DATASET, MODEL, SHARED, TRAINER, Trained, content


@pytest.fixture
def copied(trained: Trained, tmp_path: Path) -> Path:
    """A copy of the trained model that a test may change."""
    folder = tmp_path / "lab" / MODEL
    shutil.copytree(trained.folder, folder)
    return folder


def export(folder: Path, archive: Path, *options: str) -> int:
    return main(["model", "export", str(folder), "-o", str(archive), *options])


def edit_json(path: Path, **changes: object) -> None:
    write_json(path, {**json.loads(path.read_text()), **changes})


def torch_change(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    import torch

    checkpoint = torch.load(path, weights_only=False)
    change(checkpoint)
    torch.save(checkpoint, path)


def records(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Everything that the zip unpacks to, its checkpoints unpacked as well: what they hold is stored, not packed."""
    for name, data in content(archive).items():
        if name.endswith(".pth"):
            with zipfile.ZipFile(io.BytesIO(data)) as checkpoint:
                yield from ((record, checkpoint.read(record)) for record in checkpoint.namelist())
        else:
            yield name, data


def all_bytes(archive: Path) -> bytes:
    return b"".join(name.encode() + data for name, data in (*records(archive), *content(archive).items()))


def test_nothing_in_the_zip_tells_who_trained_it_where_when_and_on_whom(trained: Trained, exported: Path) -> None:
    everything = all_bytes(exported)
    subjects = [b"sub-", b"site_sub"]
    places = [str(trained.prepared.root).encode(), str(Path.home()).encode() + b"/", b"/tmp", b"pytest-of"]
    machine = [b"hostname", b"optimizer", b"epoch_start_timestamps"]
    assert [word for word in (*subjects, *places, *machine) if word in everything] == []
    host = rb"(?<![A-Za-z0-9])%s(?![A-Za-z0-9])" % re.escape(socket.gethostname().encode())
    texts = [data for name, data in records(exported) if not re.search(r"/data/\d+$", name)]
    assert not any(re.search(host, text) for text in texts)  # among random weights two letters stand by chance
    assert getpass.getuser().encode() + b"@" not in everything
    assert not re.search(rb"20\d\d-\d\d-\d\d", everything)
    with zipfile.ZipFile(exported) as opened:
        assert {info.date_time for info in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    debug = (trained.folder / "fold_0" / "debug.json").read_bytes()
    assert socket.gethostname().encode() in debug  # which is what a stock export would have told
    assert str(trained.prepared.root).encode() in debug


def test_a_checkpoint_loads_without_any_allow_list_and_keeps_every_weight(trained: Trained, exported: Path) -> None:
    import torch

    shared = io.BytesIO(content(exported)[f"{SHARED}/fold_0/checkpoint_final.pth"])
    checkpoint = torch.load(shared, weights_only=True)
    original = torch.load(trained.folder / "fold_0" / "checkpoint_final.pth", weights_only=False)
    assert set(checkpoint) == {
        "network_weights", "trainer_name", "init_args", "inference_allowed_mirroring_axes",
    }  # fmt: skip
    assert checkpoint["trainer_name"] == "nnUNetTrainer"
    assert checkpoint["init_args"] == {"configuration": "tiny"}
    assert checkpoint["inference_allowed_mirroring_axes"] == (2,)
    assert list(checkpoint["network_weights"]) == list(original["network_weights"])
    for name, weight in original["network_weights"].items():
        assert torch.equal(checkpoint["network_weights"][name], weight)
        assert torch.isfinite(weight).all()


def test_weights_under_two_names_are_stored_once(trained: Trained, tmp_path: Path) -> None:
    import torch

    from nnunet_ext.core.read_checkpoint import Checkpoint
    from nnunet_ext.models.write_checkpoint import write_checkpoint

    weight = torch.rand(100_000)
    larger = torch.rand(3, 1_000_000)
    weights = {"a": weight, "b": weight, "copy": weight.clone(), "view": larger[1, :10], "scalar": torch.tensor(2.0)}
    write_checkpoint(tmp_path / "one.pth", Checkpoint(weights, "nnUNetTrainer", "tiny", None))
    assert 400_000 < (tmp_path / "one.pth").stat().st_size < 410_000
    read = torch.load(tmp_path / "one.pth", weights_only=True)["network_weights"]
    assert all(torch.equal(read[name], tensor) for name, tensor in weights.items())


def test_labels_keep_their_order_and_sct_finds_the_orientation(trained: Trained, exported: Path) -> None:
    dataset = json.loads(content(exported)[f"{SHARED}/dataset.json"])
    original = json.loads((trained.folder / "dataset.json").read_text())
    assert dataset["image_orientation"] == "RPI"
    assert list(dataset["labels"].items()) == list(original["labels"].items())
    assert list(dataset) == [key for key in original if key in dataset]
    plans = json.loads(content(exported)[f"{SHARED}/plans.json"])
    whole = json.loads((trained.folder / "plans.json").read_text())
    assert list(plans) == list(whole)
    assert "nnunet_ext" not in plans["configurations"]["3d_fullres"]
    del whole["configurations"]["3d_fullres"]["nnunet_ext"]
    assert plans == whole


def test_plans_of_a_dataset_without_foreground_can_be_shared(copied: Path, tmp_path: Path) -> None:
    path = copied / "plans.json"
    path.write_text(path.read_text().replace('"std": ', '"std": NaN, "was": '))
    assert export(copied, tmp_path / "model.zip") == 0
    assert b'"std": NaN' in content(tmp_path / "model.zip")[f"{SHARED}/plans.json"]


def test_equal_models_give_equal_bytes(trained: Trained, exported: Path, tmp_path: Path) -> None:
    assert export(trained.folder, tmp_path / "elsewhere" / "again.zip") == 0
    assert (tmp_path / "elsewhere" / "again.zip").read_bytes() == exported.read_bytes()
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["again.zip"]


def test_the_list_of_cases_and_unknown_keys_stay_here_and_are_named(
    copied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = {"site_sub-0_T2w": {"images": ["/data/secret/sub-0.nii.gz"], "label": "/data/secret/sub-0_seg.nii.gz"}}
    edit_json(copied / "dataset.json", dataset=cases, description="scans of sub-0")
    assert export(copied, tmp_path / "model.zip") == 0
    assert b"secret" not in all_bytes(tmp_path / "model.zip")
    told = capsys.readouterr().err
    assert "left out: dataset.json: dataset" in told
    assert "left out: dataset.json: description" in told


@pytest.mark.parametrize(
    ("changes", "word"), [({"licence": "see /srv/anna/terms.txt"}, "/srv/anna"), ({"target": "sub-07"}, "sub-07")]
)
def test_a_private_word_in_a_key_that_is_shared_stops_the_export(
    copied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, str], word: str
) -> None:
    edit_json(copied / "dataset.json", **changes)
    assert export(copied, tmp_path / "model.zip") == 3
    assert word in capsys.readouterr().err
    assert not (tmp_path / "model.zip").exists()


@pytest.mark.parametrize(
    "text", ["T2w of sub-01_ses-1", '"/data/x/y"', "~/models/a", "C:\\Users\\anna", "in (/mnt/d/e)", "\\\\server\\x"]
)
def test_words_that_look_private_are_found(text: str) -> None:
    with pytest.raises(DataRefusedError, match="nothing was exported"):
        refuse_private("x.json", text)


@pytest.mark.parametrize(
    "text", ["https://doi.org/10.1/x", "mm/voxel", "n/a", "sc [1, 2]", "CC-BY 4.0", "and/or", "Dataset007_sub_cord"]
)
def test_ordinary_words_are_let_through(text: str) -> None:
    refuse_private("x.json", text)


def test_an_unfinished_fold_is_shared_with_its_best_checkpoint_and_a_warning(
    copied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(copied / "fold_0", copied / "fold_1")
    (copied / "fold_1" / "checkpoint_final.pth").unlink()
    assert export(copied, tmp_path / "model.zip") == 0
    shared = content(tmp_path / "model.zip")
    manifest = json.loads(shared[f"{SHARED}/manifest.json"])
    assert manifest["folds"] == {"0": "checkpoint_final.pth", "1": "checkpoint_best.pth"}
    assert "Fold 1 was not trained to its end" in manifest["warnings"][0]
    assert "Fold 1 was not trained to its end" in capsys.readouterr().err
    assert "was not trained to its end" in shared[f"{SHARED}/MODEL_CARD.md"].decode()
    assert f"{SHARED}/fold_1/checkpoint_final.pth" in shared  # the name that nnU-Net and SCT look for
    assert export(copied, tmp_path / "one.zip", "-f", "0") == 0
    assert not any("fold_1" in name for name in content(tmp_path / "one.zip"))


@pytest.mark.parametrize("fold", ["3", "all"])
def test_a_fold_that_is_not_there_is_a_usage_error(trained: Trained, tmp_path: Path, fold: str) -> None:
    assert export(trained.folder, tmp_path / "model.zip", "-f", fold) == 2


def test_a_model_that_diverged_is_not_shared(copied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def spoil(checkpoint: dict[str, Any]) -> None:
        next(iter(checkpoint["network_weights"].values())).fill_(float("nan"))

    torch_change(copied / "fold_0" / "checkpoint_final.pth", spoil)
    assert export(copied, tmp_path / "model.zip") == 3
    assert "NaN" in capsys.readouterr().err


def test_a_network_of_ones_own_keeps_its_trainer_and_says_so(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_text(
        tmp_path / "trainers" / "mine.py",
        "from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer\n"
        "class nnUNetTrainerMine(nnUNetTrainer):\n"
        "    @staticmethod\n"
        "    def build_network_architecture(*arguments, **options):\n"
        "        return nnUNetTrainer.build_network_architecture(*arguments, **options)\n",
    )
    monkeypatch.setenv("nnUNet_extTrainer", str(tmp_path / "trainers"))
    torch_change(
        copied / "fold_0" / "checkpoint_final.pth", lambda saved: saved.update(trainer_name="nnUNetTrainerMine")
    )
    assert export(copied, tmp_path / "model.zip") == 0
    assert "Needs the trainer nnUNetTrainerMine: it builds a network" in capsys.readouterr().err
    assert f"{DATASET}/nnUNetTrainerMine__nnUNetPlans__tiny/plans.json" in content(tmp_path / "model.zip")


def test_only_trainers_that_build_nnunets_network_count_as_nnunets(tmp_path: Path) -> None:
    from nnunet_ext.core.environment import trainer_folder

    assert builds_stock_network("nnUNetTrainer", []) is True
    assert builds_stock_network(TRAINER, [tmp_path / "nowhere", trainer_folder()]) is True
    assert builds_stock_network("nnUNetTrainerNoMirroring", []) is True
    assert builds_stock_network("nnUNetTrainerBN", []) is False
    assert builds_stock_network("nnUNetTrainerOfNobody", [trainer_folder()]) is None


def test_a_model_of_boxed_images_takes_its_margins_along(copied: Path, tmp_path: Path) -> None:
    margins = {face: float(mm) for mm, face in enumerate(FACES)}
    dataset = json.loads((copied / "dataset.json").read_text())
    write_json(copied / "dataset.json", {**dataset, "crop": {"source": "Dataset501_Secret", "margins_mm": margins}})
    assert export(copied, tmp_path / "model.zip") == 0
    found = content(tmp_path / "model.zip")
    assert json.loads(found[f"{SHARED}/dataset.json"])["crop"] == {"margins_mm": margins}
    assert json.loads(found[f"{SHARED}/crop_metadata.json"]) == {f"pad_{face}": mm for face, mm in margins.items()}
    card = found[f"{SHARED}/MODEL_CARD.md"].decode()
    limits, use = card.split("## Limits")[1].split("## Licence")[0], card.split("## Use")[1]
    assert "Trained on boxes around the cord" in limits
    assert "superior 0, inferior 1, left 2, right 3, anterior 4, posterior 5" in limits
    assert "segment the whole image" in limits
    assert use.index("nnunet_ext predict -i IN -o OUT -m Dataset") < use.index("need images that are boxed already")
    assert use.index("need images that are boxed already") < use.index("nnUNetv2_predict -i IN")
    assert any("boxes" in warning for warning in json.loads(found[f"{SHARED}/manifest.json"])["warnings"])
    given = tmp_path / "others.json"
    write_json(given, dict.fromkeys((f"pad_{face}" for face in FACES), 99.0))
    assert export(copied, tmp_path / "other.zip", "--crop-metadata", str(given)) == 0
    other = json.loads(content(tmp_path / "other.zip")[f"{SHARED}/dataset.json"])
    assert other["crop"]["margins_mm"] == dict.fromkeys(FACES, 99.0)


def test_crop_margins_stand_where_sct_and_we_look_for_them(copied: Path, tmp_path: Path) -> None:
    margins = {f"pad_{face}": 10.0 + index for index, face in enumerate(FACES)}
    write_json(copied / "crop_metadata.json", {"cases": 6, **dict(reversed(margins.items()))})
    assert export(copied, tmp_path / "model.zip") == 0
    shared = content(tmp_path / "model.zip")
    for place in (f"{DATASET}/crop_metadata.json", f"{SHARED}/crop_metadata.json"):
        assert list(json.loads(shared[place]).items()) == list(margins.items())
    given = tmp_path / "given.json"
    write_json(given, {**margins, "pad_left": 99})
    assert export(copied, tmp_path / "other.zip", "--crop-metadata", str(given)) == 0
    assert json.loads(content(tmp_path / "other.zip")[f"{SHARED}/crop_metadata.json"])["pad_left"] == 99
    assert export(copied, tmp_path / "third.zip", "--crop-metadata", str(tmp_path / "nowhere.json")) == 2


@pytest.mark.parametrize("value", [None, "10", -1, float("nan"), True])
def test_a_margin_that_is_no_distance_is_refused(value: object) -> None:
    with pytest.raises(DataRefusedError, match="pad_left needs millimetres"):
        crop_metadata({**{f"pad_{face}": 1 for face in FACES}, "pad_left": value})


def test_the_card_counts_and_escapes_and_names_nobody(trained: Trained, tmp_path: Path) -> None:
    evaluation = tmp_path / "evaluation"
    table = "site\tregion\tmetric\tn_cases\tn_used\tmean\tsd\n(all)\tlesion\tdsc\t4\t4\t0.71234\tn/a\n"
    write_text(evaluation / "summary.tsv", table + "<b>x|y</b> [a](http://b)\tsc\tdsc\t1\t1\t0.9\tn/a\n")
    raw = trained.prepared.root / "raw" / DATASET
    options = ["--dataset", str(raw), "--evaluation", str(evaluation), "--licence", "CC-BY-4.0"]
    assert export(trained.folder, tmp_path / "model.zip", *options) == 0
    card = content(tmp_path / "model.zip")[f"{SHARED}/MODEL_CARD.md"].decode()
    patients = len(list((raw / "imagesTr").glob("*_0000.nii.gz")))
    assert f"| site | train | T2w | {patients} | {patients} |" in card
    assert "| (all) | lesion | dsc | 4 | 0.7123 | n/a |" in card
    assert r"&lt;b&gt;x\|y&lt;/b&gt; \[a\](http://b)" in card
    assert "CC-BY-4.0" in card
    assert TRAINER in card
    assert "sub-" not in card
    assert "boxes" not in card


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_no_text_can_break_a_table_or_open_a_tag(cells: list[str]) -> None:
    line = "| " + " | ".join(escaped(cell) for cell in cells) + " |"
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == len(cells) + 1
    assert not set(line) & set("<>\n\r\u2028")


def test_a_model_that_is_not_there_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(tmp_path, tmp_path / "model.zip") == 2
    assert "nnUNet_results/DatasetXXX_NAME" in capsys.readouterr().err


def test_a_zip_that_exists_is_overwritten_only_on_request(trained: Trained, exported: Path, tmp_path: Path) -> None:
    archive = tmp_path / "model.zip"
    archive.write_text("mine")
    assert export(trained.folder, archive) == 5
    assert archive.read_text() == "mine"
    assert export(trained.folder, archive, "--force") == 0
    assert archive.read_bytes() == exported.read_bytes()
    assert export(trained.folder, archive) == 0  # it is the very zip that would be written
    assert export(trained.folder, archive, "--licence", "CC0-1.0") == 5
    assert archive.read_bytes() == exported.read_bytes()
    assert list(tmp_path.iterdir()) == [archive]


def test_a_local_checkpoint_that_would_run_code_is_not_exported(copied: Path, tmp_path: Path) -> None:
    from tests.core.test_read_checkpoint import RunsWhenUnpickled, saved, sound

    marker = tmp_path / "it ran"
    saved(copied / "fold_0" / "checkpoint_final.pth", sound(logging=RunsWhenUnpickled(marker)))
    assert export(copied, tmp_path / "model.zip") == 6
    assert not marker.exists()
    assert not (tmp_path / "model.zip").exists()


def test_the_folder_names_the_model(tmp_path: Path) -> None:
    from nnunet_ext.core.model_name import ModelName

    folder = tmp_path / MODEL
    folder.mkdir(parents=True)
    assert ModelName.of_folder(folder) == ModelName(DATASET, TRAINER, "nnUNetPlans", "tiny")
    for odd in ("Dataset7_x/nnUNetTrainer__p__c", "Dataset007_x/Trainer__p__c", "Dataset007_x/nnUNetTrainer__p"):
        (tmp_path / odd).mkdir(parents=True)
        with pytest.raises(UsageError):
            ModelName.of_folder(tmp_path / odd)
