"""What the page of a case is called."""

import hashlib
import re
from collections.abc import Sequence

from nnunet_ext.report.review.case_view import CaseView
from nnunet_ext.report.sources.record import CaseRecord


def page_names(cases: Sequence[CaseView | CaseRecord]) -> list[str]:
    """Name a file for each case: letters, digits and a few signs, whatever the case is called; no two alike."""
    plain = [re.sub(r"[^A-Za-z0-9_-]+", "_", case.name)[:100] for case in cases]
    lower = [name.lower() for name in plain]
    return [
        f"{name}.html"
        if name == case.name and lower.count(name.lower()) == 1
        else f"{name}-{hashlib.sha256(case.name.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}.html"
        for case, name in zip(cases, plain, strict=True)
    ]
