"""Rows of `scores.tsv`, made up."""

from collections.abc import Mapping

from hypothesis import strategies as st

from nnunet_ext.active_learning.query.query_settings import QuerySettings

KINDS = ("entropy", "bald", "disagreement", "claspe")


THIRDS = {"lesion": 1 / 3, "cord": 1 / 3, "random": 1 / 3, "healthy": 0.0}


def asked(budget: int, strategy: str = "strata", **others: object) -> QuerySettings:
    """Ask for a third each of lesions, cords and at random, unless others are given."""
    return QuerySettings(budget, strategy=strategy, **({"shares": THIRDS} | others))  # type: ignore[arg-type]


def scored(
    subject: str, *, session: str = "n/a", site: str = "zurich", contrast: str = "T2w", **cells: str
) -> dict[str, str]:
    """Make one row; a case of which all is known, with a cord and a lesion, unless cells say otherwise."""
    between = "" if session == "n/a" else f"_{session}"
    stem = f"{subject}{between}_{contrast}"
    row = {
        "case": f"pool_{stem}",
        "dataset": "pool",
        "subject": subject,
        "session": session,
        "site": site,
        "contrast": contrast,
        "image": f"{subject}/anat/{stem}.nii.gz",
        "image_sha256": "0" * 64,
        "cord_mm3": "2000",
        "lesion_mm3": "120",
        "lesion_count": "1",
        "alarms": "n/a",
        "passes": "folds 5",
    }
    row |= {f"{kind}_{region}": "0.1" for kind in KINDS for region in ("cord", "lesion")}
    return row | cells


_SCORES = st.one_of(st.just("n/a"), st.floats(0, 1).map(str))


@st.composite
def _rows(draw: st.DrawFn) -> list[Mapping[str, str]]:
    places = st.tuples(st.integers(1, 6), st.sampled_from(["n/a", "ses-1", "ses-2"]), st.sampled_from(["T1w", "T2w"]))
    rows: list[Mapping[str, str]] = []
    for subject, session, contrast in draw(st.lists(places, max_size=14, unique=True)):
        cells = {f"{kind}_{region}": draw(_SCORES) for kind in KINDS for region in ("cord", "lesion")}
        cells["lesion_mm3"] = draw(st.sampled_from(["n/a", "0", "50"]))
        cells["cord_mm3"] = draw(st.sampled_from(["n/a", "0", "2000"]))
        site = draw(st.sampled_from(["n/a", "zurich", "paris", "basel"]))
        rows.append(scored(f"sub-{subject}", session=session, site=site, contrast=contrast, **cells))
    return rows


POOLS = _rows()
"""Up to six people with sessions and contrasts, of known and unknown sites, with scores and without."""
