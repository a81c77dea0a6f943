"""The colours of all pictures of a report."""

from typing import Final

# All of Okabe and Ito's palette, which the colour-blind can tell apart.
REFERENCE_COLOURS: Final = ("#56B4E9", "#CC79A7")
"""Of what people drew, on a dark image."""

PREDICTION_COLOURS: Final = ("#E69F00", "#F0E442")
"""Of what the model says, on a dark image."""

LINE_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Of curves on white paper."""
