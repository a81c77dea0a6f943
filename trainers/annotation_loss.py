"""nnU-Net's region loss, with a mask for each region rather than one for all."""

from collections.abc import Sequence
from typing import Any

import torch
from nnunetv2.training.loss.compound_losses import DC_and_BCE_loss
from nnunetv2.training.loss.deep_supervision import DeepSupervisionWrapper

from nnunet_ext.trainers.region_knowledge import RegionKnowledge


class AnnotationAwareLoss(torch.nn.Module):
    """Dice and cross-entropy over regions, where a region that was not annotated teaches nothing, and others all.

    nnU-Net masks ignored voxels for all regions: a cord whose lesion nobody annotated would not even teach the cord.
    Where no case has such a class, and for voxels that somebody marked to be ignored, it is nnU-Net's loss, to the
    last digit.

    Parameters
    ----------
    loss
        nnU-Net's, made for an ignore label: its dice and cross-entropy are used as they are.
    """

    def __init__(self, loss: DC_and_BCE_loss) -> None:
        super().__init__()
        self.stock = loss
        self._known: torch.Tensor | None = None
        self._inside: torch.Tensor | None = None

    def expect(self, cases: Sequence[RegionKnowledge | None]) -> None:
        """Say which cases the next batch holds, in its order; None for a case of which all classes are annotated."""
        if all(case is None for case in cases):
            self._known = self._inside = None
            return
        regions = next(len(case.known) for case in cases if case is not None)
        nothing = RegionKnowledge((False,) * regions, (False,) * regions)
        self._known = torch.tensor([(case or nothing).known for case in cases])
        self._inside = torch.tensor([(case or nothing).inside for case in cases])

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Give the loss of one resolution.

        Parameters
        ----------
        output
            Logits, shape (batch, regions, ...).
        target
            Regions and, as the last channel, ignored voxels: shape (batch, regions + 1, ...).
        """
        if self._known is None or self._inside is None:
            stock: torch.Tensor = self.stock(output, target)
            return stock
        shape = (*self._known.shape, *(1 for _ in output.shape[2:]))
        known, inside = (part.to(output.device).view(shape) for part in (self._known, self._inside))
        ignored = target[:, -1:].bool()
        regions = target[:, :-1].bool() | (ignored & inside)
        mask = ~ignored | known
        dice: torch.Tensor = self.stock.dc(output, regions, loss_mask=mask)
        each: torch.Tensor = self.stock.ce(output, regions.float())
        # nnU-Net sums over regions and divides by voxels.
        entropy = (each * mask).sum() * mask.shape[1] / torch.clip(mask.sum(), min=1e-8)
        loss: torch.Tensor = self.stock.weight_ce * entropy + self.stock.weight_dice * dice
        return loss


def annotation_aware(loss: Any) -> tuple[Any, AnnotationAwareLoss | None]:  # noqa: ANN401 - nnU-Net is unannotated
    """Put the loss in place of nnU-Net's, inside its wrapper for several resolutions where there is one.

    Returns
    -------
    tuple
        The whole loss, and the part that wants to be told which cases come; None where regions do not overlap or no
        label is ignored: the loss is then left as it is.
    """
    inner = loss.loss if isinstance(loss, DeepSupervisionWrapper) else loss
    if not isinstance(inner, DC_and_BCE_loss) or not inner.use_ignore_label:
        return loss, None
    aware = AnnotationAwareLoss(inner)
    if isinstance(loss, DeepSupervisionWrapper):
        loss.loss = aware
        return loss, aware
    return aware, aware
