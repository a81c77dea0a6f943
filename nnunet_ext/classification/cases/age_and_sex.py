"""Age and sex as people write them."""

import re
from collections.abc import Collection
from typing import Final

_AGE: Final = re.compile(r"(?P<value>\d+(?:[.,]\d+)?)\s*\+?\s*(?P<unit>[a-z]*)\.?", re.IGNORECASE)
_YEARS: Final = {
    **dict.fromkeys(("y", "yr", "yrs", "yo", "year", "years"), 1.0),
    **dict.fromkeys(("m", "mo", "mos", "mth", "mths", "month", "months"), 1 / 12),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), 7 / 365.25),
    **dict.fromkeys(("d", "day", "days"), 1 / 365.25),
}
_OLDEST: Final = 120.0
_SEX: Final = {
    **dict.fromkeys(("f", "female", "w", "woman", "girl"), "F"),
    **dict.fromkeys(("m", "male", "man", "boy"), "M"),
    **dict.fromkeys(("o", "other", "x", "d", "diverse", "u"), ""),
}
_BY_NUMBER: Final = {"0": "", "1": "M", "2": "F", "9": ""}  # ISO/IEC 5218: not known, male, female, not applicable


def age_in_years(text: str, unit: str = "years") -> float:
    """Read an age.

    Parameters
    ----------
    text
        Such as `34`, `34,5`, `34 y`, `18 months`, DICOM's `034Y`, and `89+`, as tables say that are made anonymous,
        which is read as 89.
    unit
        Of a number without one: `years`, `months`, `weeks` or `days`.

    Raises
    ------
    ValueError
        Where it is no such age, or above 120 years.
    """
    found = _AGE.fullmatch(text.strip())
    factor = None if found is None else _YEARS.get((found["unit"] or unit).casefold())
    if found is None or factor is None:
        raise ValueError(f"an age was needed, found {text[:40]!r}; write 34, 34.5, 18 months or n/a")
    years = float(found["value"].replace(",", ".")) * factor
    if years > _OLDEST:
        raise ValueError(f"an age up to {_OLDEST:.0f} years was needed, found {text[:40]!r}; write its unit, or n/a")
    return years


def sex_codes(texts: Collection[str]) -> dict[str, str]:
    """Say what each text of one column means: `F`, `M`, or nothing.

    Words go by their beginning letter or their meaning. Numbers are ISO/IEC 5218's: 1 is male, 2 female, 0 and 9
    nothing. Tables with 0 and 1 alone follow another rule that nobody knows: these are refused.

    Raises
    ------
    ValueError
        Where a text means no sex, or numbers may be read in two ways.
    """
    plain = {text: re.sub(r"\.0+$", "", text.strip().casefold()) for text in texts}
    numbers = {word for word in plain.values() if word in _BY_NUMBER}
    if "0" in numbers and "1" in numbers and "2" not in numbers:
        raise ValueError(
            "sex was needed, found 0 and 1 without a 2, which may mean male and female or the reverse; write F and M, "
            "or name them under Levels in participants.json"
        )
    known = {**_SEX, **_BY_NUMBER}
    if strange := sorted(text for text, word in plain.items() if word not in known):
        raise ValueError(f"sex was needed, found {strange[0][:40]!r}; write F, M, 1 (male), 2 (female) or n/a")
    return {text: known[word] for text, word in plain.items()}
