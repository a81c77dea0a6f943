"""What each column of the agreement tables means."""

from collections.abc import Mapping
from typing import Any, Final

from nnunet_ext import __version__
from nnunet_ext.evaluation.agreement.adjust import Correction
from nnunet_ext.evaluation.agreement.compare import Rules
from nnunet_ext.evaluation.agreement.signed_rank import MOST_EXACT

Definitions = Mapping[str, tuple[str, str, str]]

_REPEATED: Final = "Bland and Altman 2007, J. Biopharm. Stat. 17:571"
_COUNTED: Final[Definitions] = {
    "method_a": ("the first method; the reference in agreement.tsv", "", ""),
    "method_b": ("the second method; differences are b - a", "", ""),
    "n_subjects": ("independent units: subjects, their images averaged; cases with --unit case", "count", ""),
    "n_pairs": ("images behind them", "count", ""),
    "n_left_out": ("cases that not both methods measured; not_compared.tsv has the reason of each", "count", ""),
}
_TESTED: Final[Definitions] = {
    "mean_a": ("mean of the first method", "as measured", ""),
    "sd_a": ("its standard deviation, n - 1", "as measured", ""),
    "mean_b": ("mean of the second method", "as measured", ""),
    "sd_b": ("its standard deviation, n - 1", "as measured", ""),
    "mean_difference": ("mean of b - a", "as measured", ""),
    "mean_difference_low": ("lower end of its 95 % bootstrap interval", "as measured", "Efron 1987, JASA 82:171"),
    "mean_difference_high": ("upper end", "as measured", ""),
    "median_difference": ("median of b - a", "as measured", ""),
    "difference_low": ("lower end of the median difference's 95 % interval", "as measured", "Efron 1987"),
    "difference_high": ("upper end", "as measured", ""),
    "interval_method": ("of the mean's and of the median's interval: BCa, percentile, constant or n/a", "", ""),
    "hodges_lehmann": (
        "median of (d_i + d_j) / 2 over all i <= j, d = b - a",
        "as measured",
        "Hodges and Lehmann 1963, Ann. Math. Stat. 34:598",
    ),
    "n_nonzero": ("subjects whose difference is not 0; the others are dropped before ranking", "count", ""),
    "wilcoxon_w": ("the smaller of the two sums of signed ranks", "1", "Wilcoxon 1945, Biometrics Bulletin 1:80"),
    "p": ("of the two-sided Wilcoxon signed-rank test; 1 where all differences are 0", "1", "the same"),
    "p_method": (
        "how p was found: exact, from every choice of signs of the n_nonzero differences with the ranks, ties "
        "included, that they have; normal, corrected for ties, above 50; all 0, where nothing differs",
        "",
        "as R's coin, zero.method Wilcoxon",
    ),
    "p_adjusted": ("p corrected for the number of tests of its family", "1", ""),
    "normality_k2": ("K2 of the differences; n/a below 8", "1", "D'Agostino and Pearson 1973, Biometrika 60:613"),
    "normality_p": ("its p; small: the differences are not normal. It chooses no test", "1", "the same"),
    "rank_biserial": (
        "(rank sum where b > a less rank sum where a > b) / both; -1 to 1",
        "1",
        "Kerby 2014, Comprehensive Psychology 3:1",
    ),
    "cohen_dz": ("mean / standard deviation of b - a", "1", "Cohen 1988, section 2.3.5"),
    "note": ("what could not be computed, and why", "", ""),
}
COMPARISON: Final[Definitions] = {
    "region": ("region of the masks", "", ""),
    "metric": ("metric; abs_rel_vol_error is rel_vol_error without its sign", "", ""),
    **_COUNTED,
    **_TESTED,
}
"""Columns of `comparison.tsv`: meaning, unit, source."""

AGREEMENT: Final[Definitions] = {
    "biomarker": ("biomarker, a column of cases_biomarkers.tsv", "", ""),
    **_COUNTED,
    "bias": ("mean of b - a", "as measured", "Bland and Altman 1986, Lancet 327:307"),
    "bias_low": ("lower end of its 95 % interval, sd / sqrt(n), Student's t", "as measured", "the same"),
    "bias_high": ("upper end", "as measured", ""),
    "sd": ("standard deviation of b - a, n - 1", "as measured", ""),
    "limit_low": ("lower limit of agreement, bias - 1.96 sd", "as measured", "the same"),
    "limit_low_low": (
        "lower end of its 95 % interval, sd sqrt(1/n + 1.96^2 / (2 (n - 1))), Student's t",
        "as measured",
        "Bland and Altman 1999, Stat. Methods Med. Res. 8:135",
    ),
    "limit_low_high": ("upper end", "as measured", ""),
    "limit_high": ("upper limit of agreement, bias + 1.96 sd", "as measured", "the same"),
    "limit_high_low": ("lower end of its 95 % interval", "as measured", "the same"),
    "limit_high_high": ("upper end", "as measured", ""),
    "slope": ("of b - a on (a + b) / 2: whether the bias grows with the size", "1", "Bland and Altman 1999"),
    "slope_p": ("p of no slope", "1", ""),
    "percent_bias": ("mean of 100 (b - a) / ((a + b) / 2); 0 where both are 0", "%", "Bland and Altman 1999"),
    "percent_limit_low": ("its lower limit of agreement", "%", ""),
    "percent_limit_high": ("its upper limit of agreement", "%", ""),
    "percent_undefined": ("subjects without one: their mean is 0 and they differ", "count", ""),
    "ccc": (
        "concordance correlation, 2 s_ab / (s_a^2 + s_b^2 + (mean_a - mean_b)^2)",
        "1",
        "Lin 1989, Biometrics 45:255",
    ),
    "ccc_low": ("lower end of its 95 % interval, through Fisher's z", "1", "Lin 2000, Biometrics 56:324"),
    "ccc_high": ("upper end", "1", ""),
    "icc": (
        "intraclass correlation, two-way random, absolute agreement, of one method: ICC(A,1). One observation is what "
        "agreement_of says: of means of several images it is higher than that of one image, image_icc",
        "1",
        "McGraw and Wong 1996",
    ),
    "icc_low": ("lower end of its 95 % interval", "1", "McGraw and Wong 1996, Psychol. Methods 1:30"),
    "icc_high": ("upper end", "1", ""),
    "pearson": ("correlation of the values; blind to a bias", "1", ""),
    "spearman": ("correlation of the ranks; blind to a bias", "1", ""),
    "mean_absolute_error": ("mean of |b - a|", "as measured", ""),
    "agreement_of": (
        "what one observation of bias, limits, coefficients and tests is: one image, or the mean of a subject's images "
        "(--unit subject, n_pairs images of n_subjects subjects)",
        "",
        "",
    ),
    "image_bias": ("mean of b - a over all images", "as measured", _REPEATED),
    "image_sd": (
        "standard deviation of b - a in one image of any subject: repeated measures of a true value that varies",
        "as measured",
        _REPEATED,
    ),
    "image_sd_within": ("that among the images of one subject; n/a where none has two", "as measured", _REPEATED),
    "image_limit_low": ("lower limit of agreement in one image, image_bias - 1.96 image_sd", "as measured", _REPEATED),
    "image_limit_low_low": (
        "lower end of its 95 % interval",
        "as measured",
        "Zou 2013, Stat. Methods Med. Res. 22:630",
    ),
    "image_limit_low_high": ("upper end", "as measured", ""),
    "image_limit_high": ("upper limit of agreement in one image, image_bias + 1.96 image_sd", "as measured", _REPEATED),
    "image_limit_high_low": ("lower end of its 95 % interval", "as measured", "Zou 2013"),
    "image_limit_high_high": ("upper end", "as measured", ""),
    "image_icc": (
        "ICC(A,1) of single images, all of them being rated; no interval, as those of a subject are not independent",
        "1",
        "McGraw and Wong 1996",
    ),
    **_TESTED,
}
"""Columns of `agreement.tsv`."""

CORRELATION: Final[Definitions] = {
    "biomarker": ("biomarker, a column of cases_biomarkers.tsv", "", ""),
    "score": ("clinical score, a column of participants.tsv", "", ""),
    "method": ("who measured the biomarker", "", ""),
    "n": ("subjects with a score and a biomarker of every method; images of a subject are averaged", "count", ""),
    "rho": ("rank correlation", "1", "Spearman 1904, Am. J. Psychol. 15:72"),
    "low": ("lower end of its 95 % interval", "1", "Bonett and Wright 2000, Psychometrika 65:23"),
    "high": ("upper end", "1", ""),
    "p": ("of no correlation, two-sided", "1", ""),
    "p_method": ("how p was found: exact, from all orders of up to 8 subjects; t, from Student's t beyond", "", ""),
    "p_adjusted": ("p corrected over all biomarkers and scores of the method", "1", ""),
    "compared_with": ("the first method", "", ""),
    "rho_difference": ("rho less that of the first method", "1", ""),
    "difference_low": ("lower end of its 95 % interval, by the standard error of the test", "1", "Williams 1959"),
    "difference_high": ("upper end", "1", ""),
    "difference_t": (
        "t of Williams' test that both correlations with the score are the same, of ranks, n - 3 degrees of freedom",
        "1",
        "Williams 1959, J. R. Stat. Soc. B 21:396; Steiger 1980, Psychol. Bull. 87:245",
    ),
    "difference_p": ("its p, two-sided", "1", "the same"),
    "difference_p_adjusted": ("it corrected over all biomarkers and scores of the method", "1", ""),
    "note": ("what could not be computed, and why", "", ""),
}
"""Columns of `correlation.tsv`."""

RATERS: Final[Definitions] = {
    "case": ("case", "", ""),
    "rater": ("who drew the mask", "", ""),
    "against": (
        "another rater, or a consensus: majority (drawn by more than half), staple (probability above 0.5), and both "
        "of the other raters alone (_of_others), in which the rater had no part",
        "",
        "Warfield, Zou and Wells 2004, IEEE TMI 23:903",
    ),
    "dice": ("2 |A and B| / (|A| + |B|); both empty 1", "1", "Dice 1945, Ecology 26:297"),
    "sensitivity": ("share of the other mask that the rater drew; n/a where it is empty", "1", ""),
    "positive_predictive_value": ("share of the rater's mask that the other one holds", "1", ""),
    "specificity": ("share of the voxels outside the other mask that the rater left out", "1", ""),
    "volume_mm3": ("volume of the rater's mask", "mm3", ""),
    "against_volume_mm3": ("volume of the other mask", "mm3", ""),
}
"""Columns of `raters.tsv`."""

RATER_SUMMARY: Final[Definitions] = {
    "rater": ("who drew", "", ""),
    "against": ("as in raters.tsv", "", ""),
    "n_cases": ("cases", "count", ""),
    "n_both_empty": ("cases in which both masks are empty; they count with a Dice of 1", "count", ""),
    "mean_dice": ("mean over the cases", "1", ""),
    "sd_dice": ("standard deviation, n - 1", "1", ""),
    "mean_dice_drawn": ("mean over the cases in which either mask holds a voxel", "1", ""),
    "mean_volume_difference_mm3": ("mean of rater less the other mask", "mm3", ""),
}
"""Columns of `raters_summary.tsv`."""

SITES: Final[Definitions] = {
    "site": ("site; (all): all together", "", ""),
    "region": ("region of the masks; n/a for biomarkers", "", ""),
    "metric": ("metric or biomarker", "", ""),
    "method": ("who measured", "", ""),
    "n": ("subjects for which every method has a value: only of them are the figures", "count", ""),
    "n_left_out": (
        "cases of the site that are not among them; not_compared.tsv has the reason of each. A ratio without a "
        "denominator (no lesion in the reference: sensitivity; none predicted: precision; neither: F1) is no value",
        "count",
        "",
    ),
    "mean": ("mean of the subjects' own values, not pooled over their lesions; n/a where n is 0", "as measured", ""),
    "sd": ("standard deviation, n - 1", "as measured", ""),
    "median": ("median", "as measured", ""),
    "quartile_low": ("first quartile", "as measured", ""),
    "quartile_high": ("third quartile", "as measured", ""),
}
"""Columns of `sites.tsv`."""

PAIRS: Final[Definitions] = {
    "region": ("region of the masks; n/a for biomarkers", "", ""),
    "metric": ("metric or biomarker", "", ""),
    "method_a": ("the first method", "", ""),
    "method_b": ("the second method", "", ""),
    "unit": ("subject, with its dataset where the case names one; the case with --unit case", "", ""),
    "site": ("site", "", ""),
    "n_images": ("images averaged", "count", ""),
    "a": ("value of the first method", "as measured", ""),
    "b": ("value of the second method", "as measured", ""),
}
"""Columns of `pairs.tsv`."""

NOT_COMPARED: Final[Definitions] = {
    "case": ("case", "", ""),
    "region": ("region of the masks; n/a for biomarkers and raters", "", ""),
    "metric": ("metric or biomarker that it does not count in; n/a: in none", "", ""),
    "method_a": ("the first method, or n/a", "", ""),
    "method_b": ("the second method, or n/a", "", ""),
    "reason": ("why", "", ""),
}
"""Columns of `not_compared.tsv`."""

TABLES: Final = {
    "comparison.tsv": COMPARISON,
    "agreement.tsv": AGREEMENT,
    "correlation.tsv": CORRELATION,
    "sites.tsv": SITES,
    "pairs.tsv": PAIRS,
    "raters.tsv": RATERS,
    "raters_summary.tsv": RATER_SUMMARY,
    "not_compared.tsv": NOT_COMPARED,
}
"""Every table that an agreement may leave, with its columns."""

_CORRECTIONS: Final = {
    Correction.HOLM: "Holm 1979, Scand. J. Stat. 6:65",
    Correction.BONFERRONI: "Bonferroni; Dunn 1961, JASA 56:52",
    Correction.NONE: "p itself: no correction was asked for",
}
_FAMILIES: Final = {
    "comparison.tsv": "one region, over its metrics and pairs of methods",
    "agreement.tsv": "one pair of methods, over its biomarkers",
    "correlation.tsv": "one method, over its biomarkers and scores",
}


def table_columns(name: str, rules: Rules | None) -> Definitions:
    """Describe the columns of a table as it was made: how p values were corrected stands at those that were."""
    columns = dict(TABLES[name])
    if rules is None:
        return columns
    for adjusted in [column for column in columns if column.endswith("p_adjusted")]:
        meaning, unit, _ = columns[adjusted]
        columns[adjusted] = meaning, unit, _CORRECTIONS[rules.correction]
    return columns


def agreement_dictionary(written: Mapping[str, int], rules: Rules | None, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the tables of an agreement.

    Parameters
    ----------
    written
        Name of each table to its number of rows.
    rules
        As it was made; None where nothing was tested.
    facts
        More that a reader must know: what was left out, and why.

    Returns
    -------
    dict
        Tool and version, rules, facts, and for each table its family of tests and its columns.
    """
    return {
        "tool": "nnunet_ext",
        "version": __version__,
        **(_in_words(rules) if rules else {}),
        **facts,
        "tables": {
            name: {
                "rows": rows,
                **({"family_of_tests": _FAMILIES[name]} if name in _FAMILIES else {}),
                "columns": {
                    column: {"meaning": meaning, "unit": unit, "source": source}
                    for column, (meaning, unit, source) in table_columns(name, rules).items()
                },
            }
            for name, rows in written.items()
        },
    }


def _in_words(rules: Rules) -> dict[str, Any]:
    return {
        "unit": rules.unit.value,
        "correction": rules.correction.value,
        "bootstrap": {"resamples": rules.bootstrap.resamples, "seed": rules.bootstrap.seed},
        "wilcoxon": f"exact, ties included, up to {MOST_EXACT} differences other than 0; else normal, ties corrected",
        "wilcoxon_zeros": "dropped, as Wilcoxon did; all zero: p = 1",
    }
