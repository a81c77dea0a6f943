"""The page in which masks are corrected."""
