"""The colours of all pictures of a report."""

from typing import Final

# Okabe and Ito's palette, which the colour-blind can tell apart, and light greys.
REFERENCE_COLOURS: Final = ("#56B4E9", "#CC79A7", "#009E73", "#FFFFFF")
"""Of what people drew, on a dark image: of the outermost region, then of those inside."""

PREDICTION_COLOURS: Final = ("#D55E00", "#F0E442", "#E69F00", "#D9D9D9")
"""Of what the model says, on a dark image."""

LINE_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Of curves on white paper."""

DRAWN_COLOURS: Final = ("#56B4E9", "#F0E442", "#D55E00", "#FFFFFF")
"""Of masks that are being corrected, on a dark image: of the outermost region, then of those inside."""
