"""Honest numbers from a reference and a prediction: overlap, lesion-wise detection, tables that say what they mean."""
