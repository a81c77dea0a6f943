"""The trainer of models that have never seen a patient."""

from typing import Any

from batchgeneratorsv2.transforms.utils.compose import ComposeTransforms
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

from nnunet_ext.core.labels import CORD, Labelling
from nnunet_ext.trainers.expect_little import expect_little
from nnunet_ext.trainers.sci import nnUNetTrainerSCI
from nnunet_ext.trainers.seeds import Seeds
from nnunet_ext.trainers.spine_loader import spine_loader
from nnunet_ext.trainers.spine_loaders import spine_loaders
from nnunet_ext.trainers.spine_plan import SamplingShares
from nnunet_ext.trainers.transforms.paint_tissues import Painting, PaintTissues


class nnUNetTrainerSynthetic(nnUNetTrainerSCI):
    """Trains on tissue maps, of which every patch is painted anew: contrast, slices, noise, field of view.

    Its dataset is one that ``nnunet_ext train-default`` writes: preprocessed cases whose images are maps of tissues,
    finer than the spacing of the plans, and plans whose configuration says under `painting` how to paint them. All
    else in the plans is what prediction needs, so that nnU-Net predicts with the trained model as with any other.
    """

    def initialize(self) -> None:
        """Build all as the other trainers do, and expect little cord to begin with."""
        super().initialize()
        expect_little(self.network, regions=self.label_manager.has_regions)

    @property
    def painting(self) -> Painting:
        """How the plans have images painted."""
        return Painting.of_plans(self.configuration_manager.configuration["painting"])

    def sampling(self) -> SamplingShares:
        """Take the shares of the plans: there is no dataset that would suggest any."""
        return SamplingShares(*self.painting.shares)

    def get_dataloaders(self) -> tuple[Any, Any]:
        """Start loaders of which both, that of validation too, paint what they draw."""
        seeds = Seeds.of(self.settings.seed).within(self.current_epoch, self.local_rank)
        return spine_loaders(
            self._painting_loaders,
            lambda stock: spine_loader(stock, self._drawing(stock.indices)),
            seeds,
            pin_memory=self.device.type == "cuda",
        )

    def perform_actual_validation(self, save_probabilities: bool = False) -> None:
        """Predict nothing: a tissue map is no image. Figures come from real images and held-out patients."""
        self.print_to_log_file("There are no images to validate on but painted ones, whose Dice is in progress.tsv.")

    def _painting_loaders(self) -> tuple[Any, Any]:
        loaders: tuple[Any, Any] = nnUNetTrainer.get_dataloaders(self)
        labelling = Labelling.of_dataset_json(self.dataset_json)
        lesion = labelling.values.get("lesion", ())
        patch, spacing = tuple(self.configuration_manager.patch_size), tuple(self.configuration_manager.spacing)
        cord = [value for value in labelling.values[CORD] if value not in lesion]
        values = (cord[0], lesion[0] if lesion else None, self.label_manager.ignore_label)
        for loader in (loaders[0].data_loader, loaders[1].data_loader):
            paint = PaintTissues(self.painting, patch, spacing, values)
            loader.transforms = ComposeTransforms([paint, *self._after_painting().transforms])
            loader.patch_size = loader.final_patch_size = self.painting.piece(patch)
            loader.need_to_pad = loader.need_to_pad * 0
        return loaders

    def _after_painting(self) -> Any:  # noqa: ANN401 - nnU-Net is unannotated
        """Make regions of labels and smaller labels for deep supervision, as nnU-Net does for validation."""
        manager = self.label_manager
        return self.get_validation_transforms(
            self._get_deep_supervision_scales(),
            is_cascaded=self.is_cascaded,
            foreground_labels=manager.foreground_labels,
            regions=manager.foreground_regions if manager.has_regions else None,
            ignore_label=manager.ignore_label,
        )
