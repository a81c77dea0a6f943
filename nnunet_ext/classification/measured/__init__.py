"""Classifiers of a patient's measures: one model a node of the tree, in numbers that can be read and shared."""
