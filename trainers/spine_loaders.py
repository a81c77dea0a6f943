"""nnU-Net's patch loaders, with our patches and seeded worker processes."""

from collections.abc import Callable
from typing import Any, Final

from batchgenerators.dataloading.nondet_multi_threaded_augmenter import NonDetMultiThreadedAugmenter
from batchgenerators.dataloading.single_threaded_augmenter import SingleThreadedAugmenter
from nnunetv2.utilities.default_n_proc_DA import get_allowed_n_proc_DA

from nnunet_ext.core.environment import environment_variable
from nnunet_ext.trainers.seeded_loader import SeededLoader
from nnunet_ext.trainers.seeds import Seeds

_WORKERS: Final = "nnUNet_n_proc_DA"
_TRAINING, _VALIDATION = 0, 1  # branches of the seeds


def spine_loaders(
    make_loaders: Callable[[], tuple[Any, Any]],
    change_training: Callable[[Any], SeededLoader],
    seeds: Seeds,
    *,
    pin_memory: bool,
) -> tuple[Any, Any]:
    """Make nnU-Net's training and validation loaders, the first changed, both with seeded workers.

    nnU-Net starts its workers without seeds and offers no way to hand them over. Asked for no workers at all it
    returns the bare loaders, which are then given workers as nnU-Net gives them, but for the seeds.

    Parameters
    ----------
    make_loaders
        nnU-Net's `get_dataloaders`.
    change_training
        Takes nnU-Net's bare training loader and gives the one to use.
    seeds
        The same ones draw the same patches.
    pin_memory
        As nnU-Net sets it: for training on a GPU.

    Returns
    -------
    tuple
        Training and validation loader. With several workers the batches are the same, their order may differ.
    """
    workers = get_allowed_n_proc_DA()
    with environment_variable(_WORKERS, "0"):
        training, validation = make_loaders()
    changed = change_training(training.data_loader)
    changed.seeds = seeds.within(_TRAINING)
    if workers == 0:
        changed.set_thread_id(0)
        return SingleThreadedAugmenter(changed, None), validation
    validating = SeededLoader.like(validation.data_loader)
    validating.seeds = seeds.within(_VALIDATION)
    return _with_workers(changed, workers, pin_memory), _with_workers(validating, max(1, workers // 2), pin_memory)


def _with_workers(loader: SeededLoader, workers: int, pin_memory: bool) -> Any:  # noqa: ANN401 - unannotated
    augmenter = NonDetMultiThreadedAugmenter(
        data_loader=loader,
        transform=None,
        num_processes=workers,
        num_cached=max(6, workers // 2),
        pin_memory=pin_memory,
        wait_time=0.002,
    )
    next(augmenter)  # a worker that cannot start fails here, as nnU-Net's own do
    return augmenter
