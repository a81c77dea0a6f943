"""The types that a file of gradient boosting may name: the one list, for who writes, checks or reads such a file."""

from typing import Final

PROTOCOL: Final = 2
"""Of skops' format. Older ones make skops read by older rules, which had holes."""

BOOSTING: Final = (
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting",
    "HistGradientBoostingClassifier",
)
PREDICTOR: Final = ("sklearn.ensemble._hist_gradient_boosting.predictor", "TreePredictor")
BINS: Final = ("sklearn.ensemble._hist_gradient_boosting.binning", "_BinMapper")

_NUMPY: Final = ("bool", "float32", "float64", "int32", "int64", "uint8", "uint32", "uint64", "ndarray")
_OBJECTS: Final = (
    BOOSTING,
    PREDICTOR,
    BINS,
    ("sklearn.preprocessing._label", "LabelEncoder"),
    ("sklearn._loss.link", "Interval"),
    ("sklearn._loss.link", "LogitLink"),
    ("sklearn._loss.link", "MultinomialLogit"),
    ("sklearn._loss.loss", "HalfBinomialLoss"),
    ("sklearn._loss.loss", "HalfMultinomialLoss"),
)

SAFE_TYPES: Final = frozenset(
    {
        ("builtins", "dict", "DictNode"),
        ("builtins", "list", "ListNode"),
        ("builtins", "tuple", "TupleNode"),
        ("builtins", "str", "JsonNode"),
        ("builtins", "str", "TypeNode"),
        ("builtins", "int", "TypeNode"),
        ("numpy.random._generator", "Generator", "RandomGeneratorNode"),
        ("sklearn._loss._loss", "CyHalfBinomialLoss", "LossNode"),
        ("sklearn._loss._loss", "CyHalfMultinomialLoss", "LossNode"),
        *(("numpy", name, "NdArrayNode") for name in _NUMPY),
        *((module, name, "ObjectNode") for module, name in _OBJECTS),
    }
)
"""Module, class and skops' reader of it, as `schema.json` has them; all three must fit."""

TRUSTED: Final = tuple(sorted({f"{module}.{name}" for module, name, _ in SAFE_TYPES}))
"""The same for the argument `trusted` of `skops.io.load`, which by itself trusts all that scikit-learn has."""
