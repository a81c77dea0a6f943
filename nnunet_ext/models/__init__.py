"""Sharing models safely: what leaves names no patient and no machine, what comes in can run nothing.

Modules import torch and nnU-Net within functions only, so that asking for help stays instant.
"""
