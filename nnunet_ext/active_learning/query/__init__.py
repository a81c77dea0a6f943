"""From the scores of a pool to the cases that people are asked to correct.

`choose` is the whole way: candidates from the rows of `scores.tsv`, strata from a strategy, a draw under quotas, a
deal among the raters, the rows of `query.tsv`. Nothing here reads a clock, a file of images, or the order of the rows.
"""
