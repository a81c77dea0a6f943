"""The marks that a page offers, and what people call them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Mark:
    """A mark that a case can bear.

    Parameters
    ----------
    value
        In `qc.json`, whatever the page calls it: `pass`, `fail`, `artifact` or `defer`.
    title, sign, key
        What the page calls it, what it draws, and the key that sets it.
    listed
        What the cases of SCT's lists are called, which only `fail` and `artifact` have.
    """

    value: str
    title: str
    sign: str
    key: str
    listed: str = ""


REVIEW_MARKS: Final = (
    Mark("pass", "pass", "✓", "p"),
    Mark("fail", "fail", "✗", "f", "failed"),
    Mark("artifact", "artefact", "⚠", "a", "artefacts"),
)
"""Of a review of what a model or a person has drawn, as SCT's page has them."""

ROUND_MARKS: Final = (
    Mark("pass", "accept", "✓", "a"),
    Mark("fail", "edit", "✎", "e", "to be edited"),
    Mark("artifact", "reject", "✗", "x", "rejected"),
    Mark("defer", "defer", "…", "d"),
)
"""Of a round of the correction loop, as `nnunet_ext active ingest` reads them."""
