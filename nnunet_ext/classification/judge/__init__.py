"""How good a classifier is: pure functions of truth and probabilities, each figure with its interval.

Truth is an array of class numbers, shape (n,), one for each patient; probabilities are of shape (n, classes) and sum to
1 in each row. What cannot be said of too few patients, or of a single class, is None, which tables show as `n/a`.
"""
