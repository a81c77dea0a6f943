"""Random numbers that hang on a seed, a round and a name alone: not on the order of the rows, nor on the machine."""

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Lots:
    """The urn of a round.

    Parameters
    ----------
    seed
        From 0.
    round_number
        From 1.
    """

    seed: int
    round_number: int

    def draw(self, purpose: str, name: str) -> float:
        """Draw the number of a case, or a rater, for one purpose: uniform between 0 and 1, ends excluded.

        numpy's `SeedSequence` mixes seed, round and the SHA-256 of purpose and name; its output is the same in all
        versions and on all machines, which that of a generator's distributions is not.
        """
        digest = hashlib.sha256(f"{purpose}\0{name}".encode()).digest()
        words = np.frombuffer(digest, dtype="<u4").tolist()
        state = np.random.SeedSequence([self.seed, self.round_number, *words]).generate_state(1, np.uint64)
        return float((int(state[0]) >> 12) + 0.5) / 2**52
