import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np
import pytest

from nnunet_ext.report.plots.bland_altman import AgreementLimits, bland_altman_plot
from nnunet_ext.report.plots.budget_curves import budget_curves_plot
from nnunet_ext.report.plots.canvas import COLOURS, INK, short
from nnunet_ext.report.plots.correlation import correlation_plot
from nnunet_ext.report.plots.identity import identity_plot
from nnunet_ext.report.plots.raincloud import raincloud

Values = list[float]
Plot = Callable[[Values, Values, list[str]], bytes]
NOWHERE = AgreementLimits(None, None, None)


def rain(a: Values, b: Values, sites: list[str]) -> bytes:
    return raincloud({"manual": a, "automatic": b}, sites, title="Dice, lesion", axis="Dice")


def apart(a: Values, b: Values, sites: list[str]) -> bytes:
    return bland_altman_plot(
        a, b, sites, names=("manual", "automatic"), quantity="volume (mm³)", bias=AgreementLimits(0.1, 0.0, 0.2),
        limits=(AgreementLimits(-1.0, -1.2, -0.8), AgreementLimits(1.2, 1.0, 1.4)) if a else (NOWHERE, NOWHERE),
    )  # fmt: skip


def same(a: Values, b: Values, sites: list[str]) -> bytes:
    return identity_plot(a, b, sites, names=("manual", "automatic"), quantity="volume (mm³)", note="CCC")


def scored(a: Values, b: Values, sites: list[str]) -> bytes:
    notes = {"manual": "ρ = 1", "automatic": "ρ = 0"}
    values = {"manual": a, "automatic": b}
    return correlation_plot(values, b, sites, quantity="volume", score="motor score", notes=notes)


def learned(a: Values, b: Values, sites: list[str]) -> bytes:
    runs = {"random": [list(enumerate(a))], "entropy": [list(enumerate(b))]}
    return budget_curves_plot(runs, title="Dice, lesion", axis="Dice", baseline="random")


PLOTS = pytest.mark.parametrize("plot", [rain, apart, same, scored, learned])
RNG = np.random.default_rng(0)
SOME = (RNG.normal(size=12).tolist(), RNG.normal(size=12).tolist(), ["zurich", "paris", "here"] * 4)


def parsed(svg: bytes) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own bytes


def points_of(svg: bytes) -> int:
    """Count the markers that a figure draws."""
    uses = [element for element in parsed(svg).iter() if element.tag.endswith("}use")]
    collections = [element for element in parsed(svg).iter() if element.get("id", "").startswith("PathColl")]
    assert uses
    return sum(element.tag.endswith("}use") for group in collections for element in group.iter())


@PLOTS
def test_the_same_values_give_the_same_bytes_and_others_do_not(plot: Plot) -> None:
    a, b, sites = SOME
    assert plot(a, b, sites) == plot(a, b, sites)
    assert plot(a, b, sites) != plot(a, [value + index for index, value in enumerate(b)], sites)


@PLOTS
def test_every_subject_is_a_point(plot: Plot) -> None:
    a, b, sites = SOME
    fewer = points_of(plot(a[:-1], b[:-1], sites[:-1]))
    assert points_of(plot(a, b, sites)) > fewer >= 11


@PLOTS
@pytest.mark.parametrize(
    ("a", "b"),
    [([], []), ([0.5], [0.5]), ([0.0], [0.0]), ([2.0] * 5, [2.0] * 5), ([1e9, 1e9], [1e9, 1e9 + 1])],
    ids=["none", "one", "zero", "equal", "large"],
)
def test_few_and_equal_values_have_a_figure_too(plot: Plot, a: Values, b: Values) -> None:
    svg = plot(a, b, ["here"] * len(a))
    assert (b"no subject to show" in svg) is not bool(a)
    if a:
        assert points_of(svg) >= len(a)


@PLOTS
def test_a_figure_holds_no_date_and_runs_no_script(plot: Plot) -> None:
    svg = plot(*SOME)
    assert b"<script" not in svg
    assert b"<dc:date>" not in svg
    assert parsed(svg).tag.endswith("}svg")


def test_each_site_has_a_marker_of_its_own_shape_so_that_grey_paper_is_enough() -> None:
    svg = apart(*SOME)
    groups = [element for element in parsed(svg).iter() if element.get("id", "").startswith("PathColl")]
    shapes = {path.get("d") for group in groups for path in group.iter() if path.tag.endswith("}path")}
    assert len(shapes) == 3


def test_no_two_colours_are_one() -> None:
    assert len({*COLOURS, INK}) == len(COLOURS) + 1


def test_more_sites_and_methods_than_colours_have_a_figure() -> None:
    sites = [f"site{number}" for number in range(12)]
    values = {f"method{number}": RNG.normal(size=12).tolist() for number in range(8)}
    assert parsed(raincloud(values, sites, title="t", axis="a")).tag.endswith("}svg")
    assert len(apart(SOME[0], SOME[1], sites)) > 1000


def test_names_are_cut_in_their_middle_and_never_read_as_mathematics() -> None:
    assert short("praxis-montreal-sacre-coeur-hospital", 11) == "praxi…ital"
    assert short("cost $x_1$") == r"cost \$x_1\$"
    strange = ["$\\frac{", "<&>\"'", "\\"]
    svg = identity_plot([1, 2, 3], [1, 2, 3], strange, names=("$a_{", "<b>"), quantity="$", note="$\\x")
    assert parsed(svg).tag.endswith("}svg")
