"""What a decision can rest on."""

from enum import StrEnum


class Evidence(StrEnum):
    """The simplest first: of those that do equally well the first is recommended."""

    LOGISTIC = "logistic"
    """Measures, age and sex in a logistic model."""

    BOOSTING = "boosting"
    """The same in gradient boosting."""

    NETWORK = "network"
    """Crops about the lesions in a network."""

    BOTH = "both"
    """All of them, stacked on what they said of patients whom they had not seen."""
