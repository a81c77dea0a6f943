from nnunet_ext.report.plots.reliability import ReliabilityPoint, reliability_plot
from nnunet_ext.report.plots.risk_coverage import risk_coverage_plot

BINS = [ReliabilityPoint(0.4, 0.3, 0.1, 0.6, 10), ReliabilityPoint(0.9, 1.0, 0.7, 1.0, 10)]
CURVE = [(0.5, 0.0), (1.0, 0.2)]


def test_the_same_values_give_the_same_picture_and_others_another() -> None:
    first = reliability_plot({"tempered": BINS}, title="MS or NMOSD")
    assert first == reliability_plot({"tempered": BINS}, title="MS or NMOSD")
    assert first != reliability_plot({"tempered": BINS[:1]}, title="MS or NMOSD")
    curve = risk_coverage_plot({"logistic": CURVE}, title="MS or NMOSD")
    assert curve == risk_coverage_plot({"logistic": CURVE}, title="MS or NMOSD")
    assert curve != risk_coverage_plot({"logistic": CURVE, "network": CURVE[:1]}, title="MS or NMOSD")


def test_nobody_to_show_is_a_picture_too() -> None:
    for empty in (reliability_plot({"tempered": []}, title="x"), risk_coverage_plot({}, title="x")):
        assert empty.startswith(b"<?xml")
