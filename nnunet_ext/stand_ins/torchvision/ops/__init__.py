"""Stands in for torchvision.ops."""
