"""What trainers take from the spine plan, and what becomes of it as the dataset changes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.tables import read_table, table_text
from nnunet_ext.trainers.spine_plan import FILE, SamplingShares, read_spine_plan
from tests.trainers.conftest import Prepared

MakeTrainer = Callable[..., Any]


class Dataset:
    """The dataset's plan and tables, to be read and changed as a person or a conversion would."""

    def __init__(self, prepared: Prepared) -> None:
        self.folder = prepared.plans.parent
        self.raw = prepared.root / "raw" / self.folder.name

    def plan(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / FILE).read_text())
        return content

    def edit(self, **values: Any) -> None:  # noqa: ANN401 - any field's value
        (self.folder / FILE).write_text(json.dumps(self.plan() | values))

    def append(self, contrasts: dict[str, str]) -> None:
        """Add cases to both tables, like the first case but for their contrast."""
        for name in ("cases.tsv", "qc.tsv"):
            rows = read_table(self.raw / name)
            first = rows[0]
            more = [{**first, "case": case, "contrast": contrast} for case, contrast in contrasts.items()]
            write_text(self.raw / name, table_text([*rows, *more], list(first)))


@pytest.fixture
def dataset(prepared: Prepared) -> Iterator[Dataset]:
    """The dataset without a plan, put back as it was afterwards."""
    made = Dataset(prepared)
    kept = {name: (made.raw / name).read_text() for name in ("cases.tsv", "qc.tsv")}
    (made.folder / FILE).unlink(missing_ok=True)
    yield made
    (made.folder / FILE).unlink(missing_ok=True)
    for name, text in kept.items():
        (made.raw / name).write_text(text)


@pytest.fixture
def started(make_trainer: MakeTrainer) -> MakeTrainer:
    """Make a trainer and let it begin."""

    def make(*arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401 - a trainer
        trainer = make_trainer(*arguments, **keywords)
        trainer.initialize()
        return trainer

    return make


def log(trainer: Any) -> str:  # noqa: ANN401 - a trainer
    return Path(trainer.log_file).read_text()


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("qc.tsv", "shape", "size", r"qc\.tsv: a column shape was needed, found case"),
        ("cases.tsv", "status", "state", r"cases\.tsv: a column status was needed, found case"),
        (
            "qc.tsv",
            "LAS",
            "up",
            r"qc\.tsv: what convert measured was needed, found .*; have the dataset co",
        ),
    ],
)
def test_a_table_of_the_dataset_that_was_spoiled_is_named(
    dataset: Dataset, started: MakeTrainer, name: str, old: str, new: str, words: str
) -> None:
    file = dataset.raw / name
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(DataRefusedError, match=words):
        started("nnUNetTrainerSCI")


def test_a_training_writes_the_plan_and_an_edit_changes_the_next(dataset: Dataset, started: MakeTrainer) -> None:
    trainer = started("nnUNetTrainerSCI")
    plan = read_spine_plan(dataset.folder)
    assert plan is not None
    assert plan == trainer.spine_plan
    assert plan.not_annotated == {"site_sub-5_T2w": ("lesion",)}
    assert trainer._knowledge["site_sub-5_T2w"].known == (True, False)
    dataset.edit(epochs=3, sampling={"tiny": {"lesion": 0, "cord": 0, "anywhere": 1}})
    edited = started("nnUNetTrainerSCI")
    assert (edited.num_epochs, edited.sampling().anywhere) == (3, 1)
    assert edited.optimizer.param_groups[0]["lr"] > 0
    assert "kept as edited: epochs 3 (the dataset suggests 250)" in log(edited)
    assert started("nnUNetTrainerSCI_9epochs").num_epochs == 9  # the name says it
    assert dataset.plan()["epochs"] == 3


def test_a_try_out_without_a_gpu_leaves_the_epochs_that_the_data_suggest(
    dataset: Dataset, started: MakeTrainer
) -> None:
    trainer = started("nnUNetTrainerSCI")
    assert trainer.num_epochs == 100
    assert "100 epochs instead of the 250 that the data suggest: there is no GPU" in log(trainer)
    assert dataset.plan()["epochs"] == 250
    dataset.edit(epochs=400)
    assert started("nnUNetTrainerSCI").num_epochs == 400
    dataset.edit(epochs=250, edited=["epochs"])
    assert started("nnUNetTrainerSCI").num_epochs == 250


def test_the_number_in_a_trainer_s_name_is_no_number_of_the_plan(
    dataset: Dataset, started: MakeTrainer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("nnUNet_raw", str(tmp_path))
    assert started("nnUNetTrainerSCI_5epochs").num_epochs == 5
    assert dataset.plan()["epochs"] == 1000


def test_each_configuration_has_its_own_shares_and_an_edit_holds_for_one(
    dataset: Dataset, started: MakeTrainer
) -> None:
    small = started("nnUNetTrainerSCI").sampling()
    large = started("nnUNetTrainerSCI", configuration="3d_fullres").sampling()
    assert small != large
    assert set(dataset.plan()["sampling"]) == {"tiny", "3d_fullres"}
    dataset.edit(sampling={**dataset.plan()["sampling"], "3d_fullres": {"lesion": 0, "cord": 1, "anywhere": 0}})
    assert started("nnUNetTrainerSCI").sampling() == small
    assert started("nnUNetTrainerSCI", configuration="3d_fullres").sampling() == SamplingShares(0, 1, 0)


def test_appended_cases_are_balanced_with_the_others(
    dataset: Dataset, started: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = started("nnUNetTrainerMSLesion")
    assert before._drawing(list(before.spine_plan.groups)).weights == {}
    dataset.append({f"new{number}": "T1w" for number in range(2)} | {"new2": "T2w"})
    trainer = started("nnUNetTrainerMSLesion")
    assert "groups: new new0, new1, new2" in log(trainer)
    cases = list(trainer.spine_plan.groups)
    assert len(cases) == 9
    weights = trainer._drawing(cases).weights
    of_t1 = sum(weights[case] for case in ("new0", "new1"))
    assert of_t1 / sum(weights.values()) == pytest.approx(0.5)
    assert weights["new2"] == weights[cases[0]]


def test_without_the_raw_dataset_the_plan_is_used_as_it_stands_and_the_log_says_so(
    dataset: Dataset, started: MakeTrainer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started("nnUNetTrainerSCI")
    dataset.edit(smallest_lesion_mm3=7.0)
    before = (dataset.folder / FILE).read_bytes()
    monkeypatch.setenv("nnUNet_raw", str(tmp_path))
    trainer = started("nnUNetTrainerSCI")
    assert trainer.spine_plan.smallest_lesion_mm3 == 7.0
    assert "used as it stands" in log(trainer)
    assert (dataset.folder / FILE).read_bytes() == before
    full = started("nnUNetTrainerSCI", configuration="3d_fullres")
    assert full.sampling() == SamplingShares(0.165, 0.165, 0.67)
    assert "no shares for 3d_fullres" in log(full)


def test_a_missing_table_of_measurements_is_named_and_groups_are_derived_all_the_same(
    dataset: Dataset, started: MakeTrainer
) -> None:
    kept = (dataset.raw / "qc.tsv").read_text()
    (dataset.raw / "qc.tsv").unlink()
    try:
        trainer = started("nnUNetTrainerSCI")
    finally:
        (dataset.raw / "qc.tsv").write_text(kept)
    assert "qc.tsv is missing" in log(trainer)
    assert len(trainer.spine_plan.groups) == 6


def test_the_plan_remembers_which_tables_it_was_derived_from(dataset: Dataset, started: MakeTrainer) -> None:
    started("nnUNetTrainerSCI")
    first = dataset.plan()["derived_from"]
    started("nnUNetTrainerSCI")
    assert dataset.plan()["derived_from"] == first
    dataset.append({"new": "T2w"})
    started("nnUNetTrainerSCI")
    assert dataset.plan()["derived_from"] != first


def test_a_misspelt_case_is_told(dataset: Dataset, started: MakeTrainer) -> None:
    started("nnUNetTrainerSCI")
    dataset.edit(case_weights={"site_sub-O_T2w": 2.0})
    assert "case_weights.site_sub-O_T2w: no training case is named so" in log(started("nnUNetTrainerSCI"))


@pytest.mark.parametrize(
    ("trainer", "name", "own", "value"),
    [
        ("nnUNetTrainerTumor", "channel_dropout_probability", 0.5, 0.0),
        ("nnUNetTrainerMSLesion", "border_probability", 0.5, 0.3),
        ("nnUNetTrainerCordLocalizer", "border_probability", 0.0, 0.3),
    ],
)
def test_a_value_set_to_the_usual_one_holds_over_the_trainer_s_own(
    dataset: Dataset, started: MakeTrainer, trainer: str, name: str, own: float, value: float
) -> None:
    first = started(trainer)
    first.num_epochs = 10**6
    assert getattr(first._augmentation(), name) == own
    dataset.edit(augmentation={**dataset.plan()["augmentation"], name: value})
    second = started(trainer)
    second.num_epochs = 10**6
    assert getattr(second._augmentation(), name) == value
    dataset.edit(augmentation={**dataset.plan()["augmentation"], name: None})
    third = started(trainer)
    third.num_epochs = 10**6
    assert getattr(third._augmentation(), name) == own


def test_edited_epochs_and_shares_hold_for_a_localizer_too(dataset: Dataset, started: MakeTrainer) -> None:
    trainer = "nnUNetTrainerCordLocalizer"
    assert started(trainer).sampling().lesion == 0
    shares = {"lesion": 0.5, "cord": 0.25, "anywhere": 0.25}
    dataset.edit(epochs=777, sampling={"tiny": shares})
    edited = started(trainer)
    assert edited.num_epochs == 777
    assert edited.sampling() == SamplingShares(**shares)


def test_no_contrasts_are_balanced_where_the_plan_says_that_none_are_weighed(
    dataset: Dataset, started: MakeTrainer
) -> None:
    dataset.append({"new": "T1w"})
    trainer = started("nnUNetTrainerMSLesion")
    assert trainer._drawing(list(trainer.spine_plan.groups)).weights != {}
    dataset.edit(contrast_weights={})
    trainer = started("nnUNetTrainerMSLesion")
    assert trainer._drawing(list(trainer.spine_plan.groups)).weights == {}
