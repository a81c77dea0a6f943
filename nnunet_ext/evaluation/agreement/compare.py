"""The tables of paired comparisons and of agreement."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.workers import Progress
from nnunet_ext.evaluation.agreement.adjust import Correction, adjust
from nnunet_ext.evaluation.agreement.align import Sample, Unit
from nnunet_ext.evaluation.agreement.bland_altman import bland_altman
from nnunet_ext.evaluation.agreement.concordance import concordance
from nnunet_ext.evaluation.agreement.confidence_interval import Bootstrap
from nnunet_ext.evaluation.agreement.paired_test import PairedTest, paired_test
from nnunet_ext.evaluation.agreement.repeated_images import one_image


@dataclass(frozen=True)
class Rules:
    """What counts as one observation, how p values are corrected, and how intervals are resampled."""

    unit: Unit = Unit.SUBJECT
    correction: Correction = Correction.HOLM
    bootstrap: Bootstrap = field(default_factory=Bootstrap)


def compare(
    samples: Sequence[Sample], rules: Rules, *, agreement: bool, progress: Progress | None = None
) -> list[dict[str, str]]:
    """Compare two methods in each sample.

    Parameters
    ----------
    samples
        Of two methods each, in the order of the table.
    rules
        Unit, correction, resampling.
    agreement
        Whether the first method is the reference of the second: the rows of `agreement.tsv`, with bias, limits and
        coefficients of agreement, else those of `comparison.tsv`. One family of p values is a region over all its
        metrics and pairs of methods, or a pair of methods over all its biomarkers.
    progress
        Told how far it is.

    Returns
    -------
    list of dict
        A row for each sample, see `agreement_dictionary` for its columns. A sample without subjects has a row of `n/a`.
    """
    tests = []
    for number, sample in enumerate(samples, start=1):
        tests.append(paired_test(sample.values[0], sample.values[1], rules.bootstrap))
        if progress is not None:
            progress(number, len(samples))
    families = [sample.methods if agreement else sample.region for sample in samples]
    adjusted = adjust([test.p for test in tests], rules.correction, families)
    make = _agreement_row if agreement else _comparison_row
    return [make(sample, replace(test, p_adjusted=p)) for sample, test, p in zip(samples, tests, adjusted, strict=True)]


def _comparison_row(sample: Sample, test: PairedTest) -> dict[str, str]:
    names = as_row({"region": sample.region, "metric": sample.column})
    return names | _counts(sample) | as_row(asdict(test))


def _agreement_row(sample: Sample, test: PairedTest) -> dict[str, str]:
    a, b = sample.values
    (first, second), whose = sample.image_values, sample.image_subjects
    apart, percent, together = bland_altman(a, b), bland_altman(a, b, percent=True), concordance(a, b)
    agreement = as_row(
        {
            **{name: value for name, value in asdict(apart).items() if name != "n_undefined"},
            "percent_bias": percent.bias,
            "percent_limit_low": percent.limit_low,
            "percent_limit_high": percent.limit_high,
            "percent_undefined": percent.n_undefined,
            **asdict(together),
            "agreement_of": agreement_of(sample),
            **{f"image_{name}": value for name, value in asdict(one_image(first, second, whose)).items()},
        }
    )
    return as_row({"biomarker": sample.column}) | _counts(sample) | agreement | as_row(asdict(test))


def agreement_of(sample: Sample) -> str:
    """Say what one observation of bias, limits and coefficients is."""
    averaged = max(sample.images, default=1) > 1
    return "the mean of a subject's images" if averaged else "one image"


def _counts(sample: Sample) -> dict[str, str]:
    return as_row(
        {
            "method_a": sample.methods[0],
            "method_b": sample.methods[1],
            "n_subjects": len(sample.units),
            "n_pairs": sum(sample.images),
            "n_left_out": len(sample.left_out),
        }
    )
