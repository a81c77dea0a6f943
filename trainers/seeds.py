"""Seeds: one number from which every process of a training draws streams of its own."""

import random
import secrets
from dataclasses import dataclass, replace

import numpy as np
import torch


@dataclass(frozen=True)
class Seeds:
    """A place in the tree of streams that grow from one number.

    Numbers that are added up, a worker's to a seed, give two seeds the same streams; numpy's `SeedSequence` keeps
    all of them apart.

    Parameters
    ----------
    entropy
        The number: any from 0, however large.
    key
        The branch.
    """

    entropy: int
    key: tuple[int, ...] = ()

    @classmethod
    def of(cls, seed: int | None) -> "Seeds":
        """Begin at a seed or, where none is set, at one that the system draws: forked workers must not share one."""
        return cls(secrets.randbits(128) if seed is None else seed)

    def within(self, *key: int) -> "Seeds":
        """Go on along a branch."""
        return replace(self, key=(*self.key, *key))

    def sow(self) -> None:
        """Seed the generators of Python, numpy and torch in this process."""
        state = np.random.SeedSequence(self.entropy, spawn_key=self.key).generate_state(10)
        random.seed(state[:4].tobytes())
        np.random.seed(state[4:8])  # noqa: NPY002 - nnU-Net draws from numpy's global generator
        torch.manual_seed(int(state[8:].view(np.uint64)[0]))
