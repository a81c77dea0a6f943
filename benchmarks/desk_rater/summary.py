"""Tables of what was corrected how, and what both ways cost beside each other."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from desk_rater.cases import FAULTS, PLANES
from desk_rater.known import ENOUGH

COUNTS = ("strokes", "clicks", "keys", "notches", "seconds")
AIM = 1 / 3  # of the strokes
RESAMPLES = 10_000

Result = Mapping[str, Any]


def show(results: Sequence[Result], arms: tuple[str, str]) -> dict[str, Any]:
    """Print a row a case and the summary; gives both."""
    rows = table(results, arms)
    print("\n" + rows.to_string(index=False, float_format="{:.2f}".format))
    overall = {kind: compared(part, arms) for kind, part in _kinds(rows) if part[f"{arms[1]}_strokes"].any()}
    for kind, figures in overall.items():
        print(f"\n{kind}, {figures['cases']} cases")
        for name in COUNTS:
            one, other = (figures["median"][arm][name] for arm in arms)
            print(f"  {name:8} median {one:7.1f} with one click, {other:7.1f} with the brush alone", end="")
            print(f"; of all {said(figures['ratio'][name])}" if name in figures["ratio"] else "")
        print(f"  strokes and clicks: {said(figures['ratio']['strokes_and_clicks'])}")
        print(f"  strokes of one case: median {figures['of_a_case']:.2f} of the brush's", end="")
        print(f"; less than a third in {figures['below_aim']} cases")
        reached = ", ".join(f"{arm} {count}" for arm, count in figures["reached"].items())
        print(f"  Dice {ENOUGH} reached: {reached}")
    strokes = overall["all"]["ratio"]["strokes"]["value"]
    reached = "less" if strokes < AIM else "NOT less"
    print(f"\nThe one-click tools need {strokes:.2f} of the strokes: {reached} than a third.")
    gave_up = Counter((one["arm"], one["gave_up"]) for one in results if one["dice"] < ENOUGH)
    for (arm, why), count in gave_up.items():
        print(f"  not reached with {arm}: {count}, {why}")
    return {"results": list(results), "summary": overall, "aim_reached": bool(strokes < AIM)}


def table(results: Sequence[Result], arms: tuple[str, str]) -> pd.DataFrame:
    """Lay both ways of a case beside each other."""
    rows: dict[str, dict[str, Any]] = {}
    for one in results:
        faults = one["faults"]
        row = rows.setdefault(one["case"], {
            "case": one["case"], "plane": one["plane"], "worst": faults["worst"], "dice0": faults["dice"],
            **{kind: faults[key] for kind, key in zip(FAULTS, ("false", "missed", "outlined"), strict=True)},
        })  # fmt: skip
        row |= {f"{one['arm']}_{name}": one[name] for name in (*COUNTS, "dice")}
    return pd.DataFrame([row for row in rows.values() if all(f"{arm}_dice" in row for arm in arms)])


def compared(rows: pd.DataFrame, arms: tuple[str, str]) -> dict[str, Any]:
    """Compare both ways: medians, and the share of one in the other, of all cases together, with its interval."""
    worked = rows[rows[f"{arms[1]}_strokes"] > 0]  # what was given up at once says nothing of either way
    ratio = {name: share(worked[f"{arms[0]}_{name}"], worked[f"{arms[1]}_{name}"]) for name in ("strokes", "seconds")}
    each = worked[f"{arms[0]}_strokes"] / worked[f"{arms[1]}_strokes"]
    both = [worked[f"{arm}_strokes"] + worked[f"{arm}_clicks"] for arm in arms]
    return {
        "cases": len(rows),
        "median": {arm: {name: float(rows[f"{arm}_{name}"].median()) for name in COUNTS} for arm in arms},
        "ratio": {**ratio, "strokes_and_clicks": share(*both)},
        "of_a_case": float(each.median()),
        "below_aim": int((each < AIM).sum()),
        "reached": {arm: int((rows[f"{arm}_dice"] >= ENOUGH).sum()) for arm in arms},
    }


def share(one: "pd.Series[float]", other: "pd.Series[float]") -> dict[str, float | None]:
    """Give the sum of one over that of the other, with its 95 % percentile interval over resampled cases."""
    samples = np.stack([one.to_numpy(float), other.to_numpy(float)])
    count = samples.shape[1]
    drawn = samples[:, np.random.default_rng(0).integers(0, count, (RESAMPLES, count))].sum(axis=2)
    low, high = np.quantile(drawn[0] / drawn[1], [0.025, 0.975]) if count > 1 else (None, None)
    return {
        "value": float(samples[0].sum() / samples[1].sum()),
        "low": low and float(low),
        "high": high and float(high),
    }


def said(ratio: Mapping[str, Any]) -> str:
    ends = f" ({ratio['low']:.2f} to {ratio['high']:.2f})" if ratio["low"] is not None else ""
    return f"{ratio['value']:.2f} of the brush's{ends}"


def _kinds(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    kinds = [(f"most of what is wrong: {kind}", rows[rows["worst"] == kind]) for kind in FAULTS]
    kinds += [(f"with a lesion that is {kind}", rows[rows[kind] > 0]) for kind in FAULTS[:2]]
    kinds += [(f"plane: {plane}", rows[rows["plane"] == plane]) for plane in PLANES]
    return [*kinds, ("all", rows)]
