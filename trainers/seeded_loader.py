"""nnU-Net's loader, with a stream of random numbers for each worker."""

from typing import Self

from nnunetv2.training.dataloading.data_loader import nnUNetDataLoader

from nnunet_ext.trainers.seeds import Seeds


class SeededLoader(nnUNetDataLoader):  # type: ignore[misc]  # nnU-Net ships no annotations
    """nnU-Net's loader; each worker seeds itself when it is told its number, however it was started.

    Of batchgenerators' own seeds torch's stays the parent's where none is given, and none may exceed 32 bits.
    """

    seeds: Seeds | None = None
    """Of all workers."""

    @classmethod
    def like(cls, stock: nnUNetDataLoader) -> Self:
        """Make one like nnU-Net's.

        nnU-Net makes its loaders deep inside the trainer and offers no way to name another class: so one takes over
        what its own was made with.
        """
        loader = cls.__new__(cls)
        loader.__dict__.update(stock.__dict__)
        chosen = stock.get_do_oversample.__name__
        loader.get_do_oversample = getattr(loader, chosen)  # its own: the other's would carry the other along
        return loader

    def set_thread_id(self, thread_id: int) -> None:
        """Take the worker's number, which it is told before its first batch."""
        super().set_thread_id(thread_id)
        if self.seeds is not None:
            self.seeds.within(thread_id).sow()
