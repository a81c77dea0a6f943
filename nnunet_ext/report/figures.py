"""What all pictures of a report share: colours, and a PNG without pyplot's global state."""

from io import BytesIO
from typing import Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

# All of Okabe and Ito's palette, which the colour-blind can tell apart.
REFERENCE_COLOURS: Final = ("#56B4E9", "#CC79A7")
"""Of what people drew, on a dark image."""

PREDICTION_COLOURS: Final = ("#E69F00", "#F0E442")
"""Of what the model says, on a dark image."""

LINE_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Of curves on white paper."""

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
