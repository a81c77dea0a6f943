from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.active_learning.scores.score_case import Scorer
from nnunet_ext.active_learning.scores.suspects import COLUMNS, FoldModel, LabelledImage, suspects, unseen_by
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.tables import TableRow, read_table
from nnunet_ext.core.target import load_target
from nnunet_ext.core.volume import Array
from tests.active_learning.scores.pool import AFFINE, CORD, LESION, REGIONS, Opinionated, scan, scorer, write_pool

OTHER = (slice(8, 11), slice(8, 11), slice(8, 10))
FOLDS = [{"train": ["a", "b"], "val": ["c", "d"]}, {"train": ["c", "d"], "val": ["a", "b"]}]


def label(*lesions: tuple[slice, ...], ignored: tuple[slice, ...] = ()) -> Array:
    drawn = np.zeros((20, 20, 12), np.uint8)
    drawn[CORD] = 1
    for lesion in lesions:
        drawn[lesion] = 2
    if ignored and REGIONS.ignore is not None:
        drawn[ignored] = REGIONS.ignore
    return drawn


def labelled(root: Path, cases: dict[str, tuple[Array, Array]], fold: str = "0") -> list[LabelledImage]:
    images = write_pool(root / "images", {name: image for name, (image, _) in cases.items()})
    files = {name: root / "labels" / f"{name}.nii.gz" for name in cases}
    for name, (_, drawn) in cases.items():
        write_mask(files[name], drawn, AFFINE)
    return [LabelledImage(image, file, fold) for image, file in zip(images, files.values(), strict=True)]


def sure_model(built: list[str] | None = None, name: str = "0") -> FoldModel:
    def build() -> Scorer:
        if built is not None:
            built.append(name)
        return scorer(Opinionated(sure=(0.99, 0.98)))

    return FoldModel(name * 64, build)


def rows_of(root: Path, cases: list[LabelledImage], models: dict[str, FoldModel] | None = None) -> list[TableRow]:
    assert suspects(cases, models or {"0": sure_model()}, REGIONS, root / "suspects.tsv") == {}
    return read_table(root / "suspects.tsv", COLUMNS)


def test_a_lesion_that_the_label_lacks_and_one_that_the_model_lacks_are_told(tmp_path: Path) -> None:
    cases = {
        "agreed": (scan(LESION), label(LESION)),
        "lacking": (scan(LESION), label()),
        "other": (scan(LESION), label(LESION, OTHER)),
    }
    agreed, lacking, other = rows_of(tmp_path, labelled(tmp_path, cases))
    volumes = ("missing_cord_mm3", "extra_cord_mm3", "missing_lesion_mm3", "extra_lesion_mm3")
    assert [agreed[column] for column in volumes] == ["0", "0", "0", "0"]
    assert agreed["reason"] == "n/a"
    assert [lacking[column] for column in volumes] == ["0", "0", "54", "0"]
    assert lacking["reason"] == "the model is sure of 54 mm3 of lesion that the label lacks"
    assert [other[column] for column in volumes] == ["0", "0", "0", "54"]
    assert other["reason"] == "the label has 54 mm3 of lesion where the model is sure that there is none"
    assert (other["passes"], other["fold"], other["subject"]) == ("folds 2", "0", "sub-other")


def test_a_cord_that_was_drawn_where_there_is_none_is_told(tmp_path: Path) -> None:
    beside = label()
    beside[1:4, 1:4] = 1
    (row,) = rows_of(tmp_path, labelled(tmp_path, {"a": (scan(), beside)}))
    assert float(row["extra_cord_mm3"]) == 3 * 3 * 12 * 3
    empty = np.zeros_like(beside)
    (row,) = rows_of(tmp_path, labelled(tmp_path, {"b": (scan(), empty)}))
    assert float(row["missing_cord_mm3"]) == 8 * 8 * 10 * 3


def test_what_nobody_annotated_is_no_fault_of_the_label(tmp_path: Path) -> None:
    drawn = label(ignored=LESION)
    assert REGIONS.ignore is not None
    assert (drawn == REGIONS.ignore).any()
    (row,) = rows_of(tmp_path, labelled(tmp_path, {"a": (scan(LESION), drawn)}))
    assert row["reason"] == "n/a"


def test_a_region_that_model_or_label_do_not_have_is_missing(tmp_path: Path) -> None:
    cord = Labelling.of_target(load_target("cord"))
    cases = labelled(tmp_path, {"a": (scan(), np.minimum(label(), 1))})
    assert suspects(cases, {"0": sure_model()}, cord, tmp_path / "suspects.tsv") == {}
    (row,) = read_table(tmp_path / "suspects.tsv")
    assert (row["missing_lesion_mm3"], row["extra_lesion_mm3"], row["extra_cord_mm3"]) == ("n/a", "n/a", "0")


def test_only_folds_that_did_not_see_a_case_are_asked() -> None:
    assert unseen_by(FOLDS, ["0", "1"]) == {"c": "0", "d": "0", "a": "1", "b": "1"}
    assert unseen_by(FOLDS, ["1"]) == {"a": "1", "b": "1"}
    assert unseen_by(FOLDS, ["all"]) == unseen_by(FOLDS, ["2"]) == unseen_by([], ["0"]) == {}


def test_the_networks_of_each_fold_are_built_once_and_only_where_they_are_needed(tmp_path: Path) -> None:
    built: list[str] = []
    models = {name: sure_model(built, name) for name in "012"}
    cases = [
        one
        for fold, names in (("1", "ab"), ("0", "cd"))
        for one in labelled(tmp_path, {name: (scan(LESION), label()) for name in names}, fold)
    ]
    rows = rows_of(tmp_path, [cases[0], cases[2], cases[1], cases[3]], models)
    assert built == ["0", "1"]
    assert [row["fold"] for row in rows] == ["0", "0", "1", "1"]
    assert [row["model_sha256"] for row in rows] == ["0" * 64] * 2 + ["1" * 64] * 2
    assert rows_of(tmp_path, cases, models) == rows
    assert built == ["0", "1"]


@pytest.mark.parametrize("change", ["image", "label", "model"])
def test_a_case_is_looked_at_again_where_anything_has_changed(tmp_path: Path, change: str) -> None:
    built: list[str] = []
    rows_of(tmp_path, labelled(tmp_path, {"a": (scan(LESION), label())}), {"0": sure_model()})
    image = scan(LESION, seed=2 if change == "image" else 1)
    cases = labelled(tmp_path, {"a": (image, label(OTHER) if change == "label" else label())})
    fresh: Callable[[], Scorer] = sure_model(built).build
    rows_of(tmp_path, cases, {"0": FoldModel(("x" if change == "model" else "0") * 64, fresh)})
    assert built == ["0"]


def test_a_label_of_another_grid_is_refused_by_name(tmp_path: Path) -> None:
    cases = labelled(tmp_path, {"a": (scan(), label()), "b": (scan(), label()[:-1])})
    failed = suspects(cases, {"0": sure_model()}, REGIONS, tmp_path / "suspects.tsv")
    assert failed == {"lab_sub-b_T2w": "b.nii.gz: a label map of (20, 20, 12) voxels was needed, found (19, 20, 12)"}
