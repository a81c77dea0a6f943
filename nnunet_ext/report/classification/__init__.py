"""The page of a classifier's evaluation."""
