"""Synthetic spinal-cord MRI: anatomy first, lesions in it, images drawn from both, written as BIDS."""
