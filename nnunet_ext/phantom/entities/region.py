"""Where along the cord a patient's lesions lie."""

from enum import Enum
from typing import Final

_ABOVE: Final = -0.6  # how far lesions reach into the oblongata
_LOWEST: Final = 23.3  # what lies below fills a sac without a cord


class Region(Enum):
    """A region by the name that the published table has for it, with its bounds in levels (see `phantom.levels`).

    `border` is the level that the lesions of a patient lie on both sides of, None within one part of the spine;
    `longest` how many vertebrae of lesion find room.
    """

    OBLONGATA_CERVICAL = "oblongata to cervical", _ABOVE, 6.9, 0.0, 6.6
    CERVICAL = "cervical", 0.05, 6.95, None, 6.0
    CERVICAL_THORACIC = "cervical to thoracic", 0.1, 18.9, 7.0, 9.0
    THORACIC = "thoracic", 7.05, 18.95, None, 9.0
    THORACIC_LUMBAR = "thoracic to lumbar", 7.1, _LOWEST, 19.0, 9.0
    LUMBAR = "lumbar", 19.05, _LOWEST, None, 4.2

    def __init__(self, label: str, top: float, bottom: float, border: float | None, longest: float) -> None:
        """Take the columns of the table above."""
        self.label, self.top, self.bottom, self.border, self.longest = label, top, bottom, border, longest
