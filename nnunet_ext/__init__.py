"""Spinal-cord MRI on stock nnU-Net v2.

Importing this package imports neither torch nor nnunetv2: verbs that need them import them when they run.
"""

__version__ = "0.3.0"
