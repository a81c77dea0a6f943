"""A trained model in the hands of nnU-Net's own managers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from nnunetv2.utilities.label_handling.label_handling import determine_num_input_channels
from nnunetv2.utilities.plans_handling.plans_handler import ConfigurationManager, PlansManager

from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.orientation import sct_letters
from nnunet_ext.core.read_checkpoint import TrainedModel

READER_TURNS_TO: Final = {
    "NibabelIO": None,
    "SimpleITKIO": None,
    "NibabelIOWithReorient": "RAS",
    "SimpleITKIOWithReorient": "RAS",
}
"""Where a reader of nnU-Net's turns what it reads, in nibabel's letters (of which ITK's `RAS` is the same)."""


@dataclass(frozen=True)
class NnunetModel:
    """What nnU-Net derives from a model's `plans.json` and `dataset.json`.

    Parameters
    ----------
    plans, configuration, labels
        nnU-Net's managers.
    dataset_json
        As it stands in the file.
    channels, heads
        Number of images, and of the network's outputs.
    axes
        Where an image's axes have to go, in nibabel's letters; None where the model takes an image as it lies.
    keeps_file_order
        Whether the reader leaves the voxels in the file's order when it turns the axes.
    """

    plans: Any
    configuration: Any
    labels: Any
    dataset_json: dict[str, Any]
    channels: int
    heads: int
    axes: str | None
    keeps_file_order: bool

    @classmethod
    def of(cls, model: TrainedModel) -> "NnunetModel":
        """Read a model.

        Raises
        ------
        UsageError
            Where it is none that predicts from NIfTI images alone, or its axis letters are none.
        """
        plans, dataset_json = PlansManager(dict(model.plans)), dict(model.dataset_json)
        configuration = _ForPrediction(plans.get_configuration(model.configuration).configuration)
        if configuration.previous_stage_name is not None:
            raise UsageError(
                f"{model.name}: needs the predictions of {configuration.previous_stage_name} beside the images; "
                f"run: nnUNetv2_predict -prev_stage_predictions FOLDER"
            )
        reader = plans.plans["image_reader_writer"]
        if reader not in READER_TURNS_TO:
            raise UsageError(f"{model.name}: reads its images by {reader}, and not NIfTI; run: nnUNetv2_predict")
        labels = plans.get_label_manager(dataset_json)
        axes = _axes(dataset_json)
        return cls(
            plans=plans,
            configuration=configuration,
            labels=labels,
            dataset_json=dataset_json,
            channels=determine_num_input_channels(plans, configuration, dataset_json),
            heads=labels.num_segmentation_heads,
            axes=READER_TURNS_TO[reader] or axes,
            keeps_file_order=reader == "NibabelIOWithReorient" and axes is None,
        )

    @property
    def patch_size(self) -> tuple[int, ...]:
        """Voxels of a tile; two numbers for a 2-D configuration."""
        return tuple(int(size) for size in self.configuration.patch_size)


class _ForPrediction(ConfigurationManager):  # type: ignore[misc]  # nnU-Net ships no annotations
    @property
    def resampling_fn_seg(self) -> Callable[..., Any]:
        """Leave the mask of non-zero voxels as it is: it has served normalisation, and nobody looks at it again."""
        return lambda seg, *_: seg


def _axes(dataset_json: dict[str, Any]) -> str | None:
    """Read the axes in nibabel's letters, which ours say, or in SCT's; both rules check them."""
    if "image_axes_nibabel" in dataset_json:
        return sct_letters(sct_letters(str(dataset_json["image_axes_nibabel"])))
    orientation = dataset_json.get("image_orientation")
    return None if orientation is None else sct_letters(str(orientation))
