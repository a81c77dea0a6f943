"""Checking gradient boosting that skops wrote, before skops reads it: nothing here imports scikit-learn or skops."""
