import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.active_learning.scores.domain_distance import Domain
from nnunet_ext.active_learning.scores.fingerprint import fingerprint
from nnunet_ext.active_learning.scores.score_case import ABOUT, COLUMNS, Scorer, score_case
from nnunet_ext.cascade.box import Box, Margins
from nnunet_ext.cascade.prediction.lesions_in_cord import LesionsInCord
from nnunet_ext.cascade.prediction.post_processing import PostProcessing
from nnunet_ext.cascade.prediction.predict_case import CaseOptions
from nnunet_ext.cascade.prediction.segmentation import Segmentation, SegmenterOptions
from nnunet_ext.cascade.prediction.segmenter import Segmenter
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.volume import Volume
from tests.active_learning.scores.pool import AFFINE, CORD, LESION, REGIONS, Opinionated, scan, scorer
from tests.cascade.prediction.stand_in import Threshold
from tests.cascade.prediction.tiny_model import TinyModel, noise

ABOUT_IT = {column: f"its {column}" for column in ABOUT}
CORD_VOXELS, LESION_VOXELS = 8 * 8 * 10, 3 * 3 * 2


def entropy(p: float) -> float:
    return -p * math.log(p) - (1 - p) * math.log(1 - p)


def test_every_score_is_the_sum_by_hand() -> None:
    row = score_case(ABOUT_IT, [Volume(scan(LESION), AFFINE)], scorer())
    share = LESION_VOXELS / CORD_VOXELS
    expected = {
        "cord_mm3": CORD_VOXELS * 3,
        "lesion_mm3": LESION_VOXELS * 3,
        "lesion_count": 1,
        "entropy_cord": entropy(0.99),
        "entropy_lesion": entropy(0.6) * share,
        "bald_cord": 0,
        "bald_lesion": (entropy(0.6) - (entropy(0.9) + entropy(0.3)) / 2) * share,
        "disagreement_cord": 0,
        "disagreement_lesion": 1,  # one pass of the two sees it
        "claspe_cord": entropy(0.99) * 0.99,
        "claspe_lesion": entropy(0.6) * 0.6 * share,
        "foreground": CORD_VOXELS / (20 * 20 * 12),
    }
    assert tuple(row) == COLUMNS
    for column, value in expected.items():
        assert float(row[column]) == pytest.approx(value, rel=1e-5, abs=1e-5), column
    assert {column: row[column] for column in ABOUT} == ABOUT_IT
    assert (row["domain_distance"], row["alarms"], row["passes"]) == ("n/a", "n/a", "folds 2")


def test_what_looks_wrong_is_told_in_words() -> None:
    broken = scan(LESION, (slice(17, 19), slice(17, 19), slice(8, 10)))
    broken[:, :, 5] = 20
    row = score_case(ABOUT_IT, [Volume(broken, AFFINE)], scorer())
    assert row["alarms"] == "broken cord; lesion outside cord"
    assert row["lesion_count"] == "2"


def test_an_image_without_a_cord_has_no_scores_and_says_so() -> None:
    row = score_case(ABOUT_IT, [Volume(np.full((20, 20, 12), 20.0, np.float32), AFFINE)], scorer())
    assert row["alarms"] == "empty cord"
    assert (row["cord_mm3"], row["lesion_mm3"], row["lesion_count"], row["foreground"]) == ("0", "0", "0", "0")
    missing = [column for column in COLUMNS if column.rsplit("_", 1)[-1] in {"cord", "lesion"}]
    assert {row[column] for column in missing} == {"n/a"}


def test_the_distance_is_to_the_training_images() -> None:
    image = Volume(scan(LESION), AFFINE)
    cord = np.zeros(image.data.shape, np.bool_)
    cord[CORD] = True
    near = Domain.of([fingerprint([image], cord)])
    assert score_case(ABOUT_IT, [image], replace(scorer(), domain=near))["domain_distance"] == "0"
    finer = Volume(image.data, AFFINE * [[0.5], [0.5], [0.5], [1]])
    assert float(score_case(ABOUT_IT, [finer], replace(scorer(), domain=near))["domain_distance"]) > 1


def test_air_around_the_image_decides_nothing() -> None:
    image = scan(LESION)
    whole = score_case(ABOUT_IT, [Volume(image, AFFINE)], scorer())
    padded = score_case(ABOUT_IT, [Volume(np.pad(image, ((5, 0), (3, 4), (2, 2))), AFFINE)], scorer())
    assert padded == whole


def test_a_model_without_lesions_has_scores_of_the_cord_alone() -> None:
    options = CaseOptions(Labelling((("sc", (1,)),), (1,)), PostProcessing())
    row = score_case(ABOUT_IT, [Volume(scan(), AFFINE)], Scorer(Opinionated(regions=("sc",)), None, options, "a"))
    assert (row["lesion_mm3"], row["lesion_count"], row["bald_lesion"]) == ("n/a", "n/a", "n/a")
    assert float(row["entropy_cord"]) == pytest.approx(entropy(0.99), rel=1e-5)


def test_the_cord_of_a_model_that_has_none_is_the_localizer_s() -> None:
    options = CaseOptions(Labelling((("lesion", (1,)),), (1,)), PostProcessing())
    model = Scorer(Opinionated(regions=("lesion",)), Threshold(("sc",)), options, "a")
    row = score_case(ABOUT_IT, [Volume(scan(LESION), AFFINE)], model)
    assert float(row["cord_mm3"]) == CORD_VOXELS * 3
    assert row["entropy_cord"] == "n/a"
    assert float(row["entropy_lesion"]) == pytest.approx(entropy(0.6) * LESION_VOXELS / CORD_VOXELS, rel=1e-5)


def test_two_models_in_one_are_asked_each_for_its_own() -> None:
    both = LesionsInCord(Opinionated(sure=(0.5, 0.5, 0.5)), Opinionated())
    row = score_case(ABOUT_IT, [Volume(scan(LESION), AFFINE)], replace(scorer(), segmenter=both))
    assert row["passes"] == "folds 3; folds 2"
    assert row["disagreement_lesion"] == "1"


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("tiny", "passes"),
    [(TinyModel(folds=3), "folds 3"), (TinyModel(), "mirrored 4"), (TinyModel(mirrored=None), "shifted 4")],
)
def test_a_network_is_asked_as_far_as_it_can_answer(tmp_path: Path, tiny: TinyModel, passes: str) -> None:
    model = tiny.load(tmp_path)
    asked = Segmenter(model, SegmenterOptions(opinions=True))
    image = noise((24, 26, 20), (1.0, 1.0, 2.0), air=2)
    row = score_case(ABOUT_IT, [image], replace(scorer(), segmenter=asked))
    assert row["passes"] == passes
    for part in ("cord", "lesion"):
        scores = {name: float(row[f"{name}_{part}"]) for name in ("entropy", "bald", "disagreement", "claspe")}
        assert all(value > 0 for value in scores.values())
        assert scores["bald"] < scores["entropy"]
    assert score_case(ABOUT_IT, [image], replace(scorer(), segmenter=asked)) == row


@pytest.mark.usefixtures("one_thread")
def test_regions_beside_each_other_are_scored_each_on_its_own(tmp_path: Path) -> None:
    tiny = TinyModel({"labels": {"background": 0, "sc": 1, "canal": 2}}, folds=2)
    asked = Segmenter(tiny.load(tmp_path), SegmenterOptions(opinions=True, mirroring=False))
    options = CaseOptions(Labelling.of_model(tiny.dataset_json), PostProcessing())
    row = score_case(ABOUT_IT, [noise((20, 22, 18))], Scorer(asked, None, options, "a"))
    assert float(row["bald_cord"]) > 0
    assert float(row["bald_lesion"]) > 0


def test_a_box_that_grows_takes_what_the_passes_say_along() -> None:
    image = Volume(scan(LESION), AFFINE)
    margins = Margins(superior=6, inferior=6, left=3, right=3, anterior=3, posterior=3)
    options = CaseOptions(REGIONS, PostProcessing(), margins)
    segmenter = Opinionated()
    boxed = Scorer(segmenter, _SeesTheLowerHalf(("sc",)), options, "a" * 64)
    assert score_case(ABOUT_IT, [image], boxed) == score_case(ABOUT_IT, [image], scorer())
    assert len(segmenter.calls) > 1


class _SeesTheLowerHalf(Threshold):
    def segment(self, images: Sequence[Volume], boxes: Sequence[Box] = ()) -> Segmentation:
        found = super().segment(images, boxes)
        found.masks["sc"][:, :, 5:] = False
        return found
