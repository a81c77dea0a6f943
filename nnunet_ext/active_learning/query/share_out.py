"""Places for shares."""

from collections.abc import Sequence


def share_out(places: int, shares: Sequence[float]) -> tuple[int, ...]:
    """Share places out by the method of largest remainders (Hare and Niemeyer); equal ones in the order given.

    Parameters
    ----------
    places
        From 0.
    shares
        Not negative, one above 0; they need not add up to 1.

    Returns
    -------
    tuple of int
        As many as there are shares; they add up to `places`. A share of 0 gets none.

    Examples
    --------
    >>> share_out(8, [1 / 3, 1 / 3, 1 / 3, 0])
    (3, 3, 2, 0)
    """
    exact = [places * share / sum(shares) for share in shares]
    whole = [int(round(part, 9)) for part in exact]  # a third of nine is three, whatever the last digit says
    order = sorted(range(len(shares)), key=lambda index: (round(whole[index] - exact[index], 9), index))
    for index in [each for each in order if shares[each] > 0][: places - sum(whole)]:
        whole[index] += 1
    return tuple(whole)
