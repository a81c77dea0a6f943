"""What a hand did, and how long a person takes for it."""

from collections import Counter
from dataclasses import asdict, dataclass, field

KEY = 0.28  # a key or a notch of the wheel: an average typist who is no secretary
POINT = 1.10  # to a place on the screen
BUTTON = 0.10  # of the mouse, down or up
THINK = 1.35  # before what is decided anew
SEGMENT, CENTIMETRE = 0.9, 0.16  # drawing a line: for each straight piece of it, and for its length
LOOK = 0.24  # at what a notch or key did: one cycle of perceiving, deciding and moving
PIXELS_A_CENTIMETRE = 96 / 2.54


@dataclass
class Tally:
    """Counts of one case.

    Seconds are those of the keystroke-level model (Card, Moran and Newell 1980, "The keystroke-level model for user
    performance time with interactive systems", CACM 23(7), fig. 1; the mouse's button as Kieras has it): a person
    thinks once before each click, each stroke, and each run of like keys or notches (rule 2 there: such a run is one
    unit); in a run that sets a level by what is seen each step takes a look of 240 ms besides (the cycle of the model
    human processor: Card, Moran and Newell 1983, "The psychology of human-computer interaction"). The left hand stays
    on the keys and the right one on the mouse, so that neither goes home.

    Parameters
    ----------
    strokes
        From pointer-down to pointer-up with brush or eraser.
    clicks
        The same with any other tool.
    keys, notches
        Of the keyboard and of the wheel.
    seconds
        Of the model.
    tools
        How often each was used.
    """

    strokes: int = 0
    clicks: int = 0
    keys: int = 0
    notches: int = 0
    seconds: float = 0.0
    tools: Counter[str] = field(default_factory=Counter)

    def press(self, times: int = 1) -> None:
        """A run of one key."""
        if times:
            self.keys += times
            self.seconds += keys_seconds(times)

    def watch(self, keys: int = 0, notches: int = 0, *, first: bool) -> None:
        """Keys or notches that set something by what is seen, one step of a run."""
        self.keys += keys
        self.notches += notches
        self.seconds += THINK * first + KEY * (keys + notches) + LOOK

    def point(self) -> None:
        self.seconds += POINT

    def click(self) -> None:
        self.clicks += 1
        self.seconds += THINK + POINT + 2 * BUTTON

    def stroke(self, pieces: int, pixels: float) -> None:
        self.strokes += 1
        self.seconds += stroke_seconds(pieces, pixels)

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "seconds": round(self.seconds, 2), "tools": dict(self.tools)}


def stroke_seconds(pieces: int, pixels: float) -> float:
    """Give the seconds of a stroke of so many straight pieces, of this length on the screen in all."""
    return THINK + POINT + 2 * BUTTON + SEGMENT * pieces + CENTIMETRE * pixels / PIXELS_A_CENTIMETRE


def keys_seconds(times: int) -> float:
    """Give the seconds of a run of one key."""
    return THINK + KEY * times if times else 0.0
