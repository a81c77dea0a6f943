"""How several raters' masks of one class become one."""

from enum import StrEnum


class RaterRule(StrEnum):
    """How several raters' masks become one."""

    ONE = "one"
    """That of a named rater."""

    HIGHEST = "highest"
    """That of the rater with the highest number: by custom the last, who corrects the others."""

    UNION = "union"
    """What any rater drew."""

    MAJORITY = "majority"
    """What more than half of the raters drew. Half of them is not enough."""

    STAPLE = "staple"
    """What is more likely drawn than not, each rater weighted by estimated sensitivity and specificity."""
