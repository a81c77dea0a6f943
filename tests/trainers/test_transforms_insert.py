import pickle
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from batchgeneratorsv2.transforms.base.basic_transform import BasicTransform
from batchgeneratorsv2.transforms.spatial.mirroring import MirrorTransform
from batchgeneratorsv2.transforms.utils.compose import ComposeTransforms
from batchgeneratorsv2.transforms.utils.remove_label import RemoveLabelTransform
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

from nnunet_ext.core.errors import EnvironmentProblemError
from nnunet_ext.trainers.transforms.augmentation import SpineAugmentation
from nnunet_ext.trainers.transforms.inject_lesions import InjectLesions
from nnunet_ext.trainers.transforms.insert import insert_spine_transforms
from nnunet_ext.trainers.transforms.spine_transforms import spine_transforms
from tests.phantom.injection.tube import Tube
from tests.trainers.transform_samples import cord, seeded

PATCH = (8, 24, 20)
ALWAYS = SpineAugmentation.from_content(
    {
        f"{name}_probability": 1.0
        for name in ("thick_slices", "bias", "metal", "ghosting", "noise", "border", "channel_dropout")
    }
)


@dataclass(frozen=True)
class Case:
    """One of the ways in which nnU-Net builds its pipeline."""

    regions: bool = True
    deep_supervision: bool = True
    dummy_2d: bool = False
    cascaded: bool = False
    flat: bool = False
    ignore: bool = False
    masked: bool = False

    @property
    def patch(self) -> tuple[int, ...]:
        return PATCH[1:] if self.flat else PATCH

    def pipeline(self) -> ComposeTransforms:
        scales = [[1.0] * len(self.patch), [0.5] * len(self.patch)]
        return nnUNetTrainer.get_training_transforms(
            self.patch,
            (-0.5, 0.5),
            scales if self.deep_supervision else None,
            (0,),
            self.dummy_2d,
            use_mask_for_norm=[self.masked, self.masked],
            is_cascaded=self.cascaded,
            foreground_labels=[1, 2],
            regions=[(1, 2), 2] if self.regions else None,
            ignore_label=3 if self.ignore else None,
        )

    def ours(self) -> list[BasicTransform]:
        axes: dict[str, int | None] = {"LR": None, "SI": 0, "AP": 1} if self.flat else {"LR": 0, "SI": 1, "AP": 2}
        spacing = (1.0,) * len(self.patch)
        return spine_transforms(self.patch, axes, ALWAYS, spacing=spacing, lesion_label=2)

    def data(self) -> dict[str, torch.Tensor]:
        # nnU-Net loads more than the patch, for rotating, but not across the slices that it handles one by one.
        shape = tuple(size + (0 if self.dummy_2d and axis == 0 else 6) for axis, size in enumerate(self.patch))
        labels = cord(shape)
        return {
            "image": torch.randn((2, *shape), generator=torch.Generator().manual_seed(0)),
            "segmentation": torch.cat([labels, labels]) if self.cascaded else labels,
        }


CASES = [
    Case(),
    Case(regions=False),
    Case(deep_supervision=False),
    Case(regions=False, deep_supervision=False),
    Case(dummy_2d=True),
    Case(flat=True),
    Case(cascaded=True),
    Case(ignore=True, masked=True),
]


def names(pipeline: ComposeTransforms) -> list[str]:
    return [type(getattr(transform, "transform", transform)).__name__ for transform in pipeline.transforms]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_ours_stand_in_their_places_and_theirs_keep_their_order(case: Case) -> None:
    theirs = case.pipeline()
    before = list(theirs.transforms)
    both = insert_spine_transforms(theirs, case.ours())
    assert theirs.transforms == before
    assert [transform for transform in both.transforms if transform in before] == before
    found = names(both)
    images = found.index("Convert2DTo3DTransform" if case.dummy_2d else "SpatialTransform") + 1
    ours = ["MetalVoid", "BiasAlongCord", "Ghosting", "RicianNoise", "ThickSlices"]
    assert found[images : images + 6] == [*ours, "GaussianNoiseTransform"]
    assert found[found.index("ChannelDropout") + 1] == "RemoveLabelTransform"
    after_border = found[found.index("BorderErosionDilation") + 1 :]
    expected = ["ConvertSegmentationToRegionsTransform"] if case.regions else []
    assert after_border == expected + (["DownsampleSegForDSTransform"] if case.deep_supervision else [])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_whole_pipeline_runs(case: Case) -> None:
    both = insert_spine_transforms(case.pipeline(), case.ours())
    for seed in range(3):
        result = seeded(both, seed, **case.data())
        channels = 4 if case.cascaded else 2
        assert result["image"].shape == (channels, *case.patch)
        assert torch.isfinite(result["image"]).all()
        segmentation = result["segmentation"][0] if case.deep_supervision else result["segmentation"]
        outputs = (3 if case.ignore else 2) if case.regions else 1
        assert segmentation.shape == (outputs, *case.patch)
        if case.regions:
            assert segmentation[1].any()
            assert (segmentation[0] | ~segmentation[1]).all()  # no lesion outside the cord
        else:
            assert set(np.unique(segmentation)) <= {0, 1, 2}


@pytest.mark.parametrize("case", [case for case in CASES if not case.flat], ids=str)
def test_injected_lesions_come_first_and_are_turned_with_their_patch(case: Case) -> None:
    slices = PATCH[0] + (0 if case.dummy_2d else 6)
    image, inside = Tube(spacing=(3.0, 1.4, 2.0), size_mm=(3.0 * slices, 36.4, 60.0), axes="RSA").make()
    injection = InjectLesions(2, 1, 3, image.affine, channels=(0, 1), kinds=("sci",), probability=1.0)
    both = insert_spine_transforms(case.pipeline(), [injection])
    assert both.transforms[0] is injection
    labels = torch.from_numpy(inside.astype(np.int16))[None]
    data = {"image": torch.from_numpy(image.data.astype(np.float32))[None].repeat(2, 1, 1, 1)}
    data["segmentation"] = torch.cat([labels, labels]) if case.cascaded else labels
    found = 0
    for seed in range(3):
        result = seeded(both, seed, **data)["segmentation"]
        segmentation = result[0] if case.deep_supervision else result
        lesion = segmentation[1] if case.regions else segmentation[0] == 2
        cord_or_lesion = segmentation[0] > 0
        assert (cord_or_lesion | ~lesion).all()
        found += bool(lesion.any())
    assert found >= 2, "lesions that lie in the patch, not beyond it"


def test_a_dropped_channel_reaches_the_network_as_exactly_zero() -> None:
    both = insert_spine_transforms(Case().pipeline(), Case().ours())
    for seed in range(10):
        image = seeded(both, seed, **Case().data())["image"]
        assert sorted(bool(channel.any()) for channel in image) == [False, True]


def test_it_survives_the_way_into_a_worker_that_starts_afresh() -> None:
    both = insert_spine_transforms(Case().pipeline(), Case().ours())
    code = (
        "import pickle, sys, numpy, torch\n"
        "pipeline, data = pickle.load(sys.stdin.buffer)\n"
        "torch.manual_seed(5); numpy.random.seed(5)\n"
        "sys.stdout.write(repr(pipeline(**data)['image'].double().sum().item()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps((both, Case().data())), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    here = seeded(both, 5, **Case().data())["image"].double().sum().item()
    assert float(done.stdout) == pytest.approx(here, rel=1e-4)


def without(pipeline: ComposeTransforms, name: str) -> ComposeTransforms:
    return ComposeTransforms([transform for transform in pipeline.transforms if type(transform).__name__ != name])


@pytest.mark.parametrize("missing", ["SpatialTransform", "RemoveLabelTransform"])
def test_a_pipeline_without_the_places_is_refused_by_name(missing: str) -> None:
    with pytest.raises(EnvironmentProblemError, match=rf"{missing}.*needed; found .*MirrorTransform"):
        insert_spine_transforms(without(Case().pipeline(), missing), Case().ours())


def test_a_pipeline_in_another_order_is_refused() -> None:
    backwards = ComposeTransforms(Case().pipeline().transforms[::-1])
    with pytest.raises(EnvironmentProblemError, match="needed"):
        insert_spine_transforms(backwards, Case().ours())
    early = without(Case().pipeline(), "ConvertSegmentationToRegionsTransform")
    early.transforms.insert(0, early.transforms.pop())
    with pytest.raises(EnvironmentProblemError, match="change their form"):
        insert_spine_transforms(early, Case().ours())


def test_what_is_no_pipeline_is_refused() -> None:
    only: Any = MirrorTransform((0,))
    with pytest.raises(EnvironmentProblemError, match="ComposeTransforms was needed, found MirrorTransform"):
        insert_spine_transforms(only, [RemoveLabelTransform(-1, 0)])
