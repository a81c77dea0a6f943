import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nnunetv2.training.loss.compound_losses import DC_and_BCE_loss
from nnunetv2.training.loss.deep_supervision import DeepSupervisionWrapper
from nnunetv2.training.loss.dice import MemoryEfficientSoftDiceLoss

from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.target import load_target
from nnunet_ext.trainers.annotation_loss import AnnotationAwareLoss, annotation_aware
from nnunet_ext.trainers.region_knowledge import RegionKnowledge, knowledge_where_ignored

CORD_KNOWN = RegionKnowledge(known=(True, False), inside=(True, False))
SHAPE = (2, 2, 4, 6, 6)


def stock(*, ignore: bool = True) -> DC_and_BCE_loss:
    dice = {"batch_dice": False, "do_bg": True, "smooth": 1e-5, "ddp": False}
    return DC_and_BCE_loss({}, dice, use_ignore_label=ignore, dice_class=MemoryEfficientSoftDiceLoss)


def a_batch(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits, and a target whose second case has a cord of ignored voxels."""
    generator = torch.Generator().manual_seed(seed)
    output = torch.randn(SHAPE, generator=generator).requires_grad_()
    target = torch.zeros((2, 3, *SHAPE[2:]), dtype=torch.bool)
    target[0, 0, :, 2:4, 2:4] = True  # cord
    target[0, 1, 1, 2, 2] = True  # lesion
    target[1, 2, :, 2:4, 2:4] = True  # ignored
    return output, target


@given(seed=st.integers(0, 100))
def test_where_everything_is_annotated_it_is_nnunet_s_loss_to_the_last_digit(seed: int) -> None:
    output, target = a_batch(seed)
    aware = AnnotationAwareLoss(stock())
    assert torch.equal(aware(output, target), stock()(output, target))
    nothing = RegionKnowledge((False, False), (False, False))
    aware.expect([nothing, nothing])
    torch.testing.assert_close(aware(output, target), stock()(output, target))


def test_a_case_without_lesion_annotation_teaches_the_cord_and_only_the_cord() -> None:
    output, target = a_batch()
    aware = AnnotationAwareLoss(stock())
    aware.expect([None, CORD_KNOWN])
    aware(output, target).backward()
    assert output.grad is not None
    ignored = target[1, 2]
    assert (output.grad[1, 0][ignored] < 0).all()  # towards cord
    assert (output.grad[1, 1][ignored] == 0).all()  # nothing about lesions there
    assert (output.grad[1, 1][~ignored] != 0).all()  # outside the cord there are none, and that is known
    assert (output.grad[0] != 0).all()


def test_it_is_the_loss_of_a_full_annotation_where_the_missing_class_is_masked() -> None:
    """One region alone, known everywhere, must be learnt as if it had been annotated."""
    output, target = a_batch()
    full = target.clone()
    full[1, 0] |= target[1, 2]
    full[1, 2] = False
    aware = AnnotationAwareLoss(stock())
    aware.expect([None, CORD_KNOWN])
    theirs = stock()
    # Both divide cross-entropy by the voxels that they count, and we count fewer of the lesion.
    counted = torch.ones_like(output)
    counted[1, 1][target[1, 2]] = 0
    for dice, entropy, scale in ((1, 0, 1.0), (0, 1, float(counted.mean()))):
        for loss in (aware.stock, theirs):
            loss.weight_dice, loss.weight_ce = dice, entropy
        (ours,) = torch.autograd.grad(aware(output, target), output)
        (full_annotation,) = torch.autograd.grad(theirs(output, full), output)
        torch.testing.assert_close(ours[:, 0] * scale, full_annotation[:, 0])
        assert full_annotation[:, 0].abs().max() > 0


def test_a_case_without_any_known_voxel_of_a_region_does_not_break_it() -> None:
    output, target = a_batch()
    target[1] = False
    target[1, 2] = True
    aware = AnnotationAwareLoss(stock())
    aware.expect([None, RegionKnowledge((False, True), (False, False))])
    loss = aware(output, target)
    assert torch.isfinite(loss)
    loss.backward()
    assert output.grad is not None
    assert (output.grad[1, 0] == 0).all()


def test_it_stands_inside_the_wrapper_for_several_resolutions() -> None:
    whole, aware = annotation_aware(DeepSupervisionWrapper(stock(), [0.5, 0.5]))
    assert aware is not None
    output, target = a_batch()
    aware.expect([None, CORD_KNOWN])
    both = whole([output, output], [target, target])
    torch.testing.assert_close(both, aware(output, target))


@pytest.mark.parametrize("loss", [stock(ignore=False), torch.nn.CrossEntropyLoss()])
def test_other_losses_are_left_alone(loss: torch.nn.Module) -> None:
    assert annotation_aware(loss) == (loss, None)


@pytest.mark.parametrize("name", ["cord-lesion", "tumor", "tumor-only"])
def test_what_is_known_of_ignored_voxels_agrees_with_every_way_to_complete_the_annotation(name: str) -> None:
    target = load_target(name)
    regions = [values for _, values in target.regions]
    classes, within = dict(target.classes), dict(target.within)
    generator = np.random.default_rng(1)
    for missing in [[one] for one in classes] + [["sc", "core"]] * ("core" in classes and "sc" in classes):
        knowledge = knowledge_where_ignored(regions, classes, within, missing)
        cord = generator.random((6, 6, 6)) < 0.5
        drawn = {one: (generator.random(cord.shape) < 0.3) & cord for one in classes} | (
            {"sc": cord} if "sc" in classes else {}
        )
        ignored = target.fuse({one: mask for one, mask in drawn.items() if one not in missing}) == target.ignore
        for _ in range(20):
            completed = dict(drawn)
            for one in missing:
                space = drawn[within[one]] if within.get(one) in drawn and within.get(one) not in missing else True
                completed[one] = (generator.random(cord.shape) < 0.5) & space
            masks = list(Labelling.of_target(target).take(target.fuse(completed)).values())
            for mask, known, inside in zip(masks, knowledge.known, knowledge.inside, strict=True):
                assert not known or (mask[ignored] == inside).all()
