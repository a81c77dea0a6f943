"""Correcting masks in the browser."""
