"""What all pictures of a report share: colours, and a PNG without pyplot's global state."""

from io import BytesIO
from typing import Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

_PALETTE_SIZE: Final = 256


def png(figure: Figure, dots_per_inch: int) -> bytes:
    """Draw a figure into PNG bytes; the same figure gives the same bytes.

    A palette instead of true colour halves the file, and a report holds one picture for every case.
    """
    FigureCanvasAgg(figure)
    drawn, small = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png", dpi=dots_per_inch)
    with Image.open(drawn) as image:
        image.convert("RGB").quantize(_PALETTE_SIZE, dither=Image.Dither.NONE).save(small, format="PNG", optimize=True)
    return small.getvalue()
