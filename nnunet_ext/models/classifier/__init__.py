"""Sharing classifiers: the same rules as for segmentation models, for other files.

What of the checks another package knows (trees of diagnoses, models that are numbers) is handed in by the caller, as
plain functions: see `parsers`.
"""
