import xml.etree.ElementTree as ET

import numpy as np

from nnunet_ext.report.plots.budget_curves import Run, budget_curves_plot
from nnunet_ext.report.plots.canvas import INK


def plotted(runs: dict[str, list[Run]], baseline: str = "") -> ET.Element:
    svg = budget_curves_plot(runs, title="Dice of the lesion", axis="Dice", baseline=baseline)
    return ET.fromstring(svg)  # noqa: S314 - our own bytes


def points(figure: ET.Element) -> int:
    groups = [element for element in figure.iter() if element.get("id", "").startswith("PathColl")]
    return sum(element.tag.endswith("}use") for group in groups for element in group.iter())


def lines(figure: ET.Element, colour: str) -> list[str]:
    """Give the paths of the curves of a colour."""
    paths = [element for element in figure.iter() if element.tag.endswith("}path")]
    styles = [(path.get("d", ""), path.get("style", "")) for path in paths]
    return [line for line, style in styles if f"stroke: {colour}" in style and "stroke-width: 1.6" in style]


def test_every_model_is_a_point_and_every_strategy_a_line() -> None:
    runs: dict[str, list[Run]] = {
        name: [[(8 * number, 0.1 * number + 0.01 * seed) for number in range(4)] for seed in range(3)]
        for name in ("entropy", "foreground-random")
    }
    figure = plotted(runs, "foreground-random")
    legend = 2
    assert points(figure) == 2 * 3 * 4 + legend
    (baseline,) = lines(figure, INK)
    assert baseline.count("L") == 3


def test_a_model_without_a_value_is_no_point_and_its_round_goes_by_the_other_seeds() -> None:
    whole: list[Run] = [[(0, 0.1), (8, 0.2), (16, 0.3)], [(0, 0.1), (8, 0.4), (16, 0.3)]]
    holed: list[Run] = [[(0, 0.1), (8, None), (16, 0.3)], [(0, 0.1), (8, 0.4), (16, 0.3)]]
    assert points(plotted({"entropy": whole})) - points(plotted({"entropy": holed})) == 1
    (line,) = lines(plotted({"entropy": holed}, "entropy"), INK)
    assert line.count("L") == 2


def test_a_round_without_any_value_leaves_a_gap() -> None:
    runs: list[Run] = [[(0, 0.1), (8, 0.2), (16, None), (24, 0.3), (32, 0.4)]]
    (line,) = lines(plotted({"entropy": runs}, "entropy"), INK)
    assert (line.count("M"), line.count("L")) == (2, 2)


def test_no_value_at_all_is_said() -> None:
    nowhere: list[dict[str, list[Run]]] = [{}, {"entropy": []}, {"entropy": [[]]}, {"entropy": [[(0, None)]]}]
    for runs in nowhere:
        svg = budget_curves_plot(runs, title="t", axis="a")
        assert b"no subject to show" in svg


def test_ten_strategies_can_be_told_apart_by_name() -> None:
    rng = np.random.default_rng(0)
    runs: dict[str, list[Run]] = {f"strategy {n}": [[(0, 0.1), (8, float(rng.random()))]] for n in range(10)}
    assert points(plotted(runs)) == 20 + 10


def test_runs_that_are_not_finished_are_drawn_as_far_as_they_go() -> None:
    assert points(plotted({"entropy": [[(0, 0.1), (8, 0.2)], [(0, 0.1)]], "bald": [[(0, 0.3)]]})) == 4 + 2
